# table.awk tradeoffs.txt ROWS: the tables of the story, in Markdown, from the rows that
# `tell` prints; then the talk's list with its numbers; then whether the row of the
# library's client has every plus. Fails if the table is not whole.
BEGIN {
	FS = "\t"
	COSTS = "calls/s,cpu us,syscalls,copied B,kernel B,sockets,dials"
	TIMES = "p50 us,p99 us,p99.9 us"
	TEXTS = "start us,checked out,codes,start"
	KILL = "kill: replied,kill: sent,kill: not sent,kill: refused,kill: maybe executed"
	KILLED = "kill: calls," KILL ",kill: dials,kill: longest ms"
	STEPS = 10
	OURS = "6 comes back"
	OWNER = "4 blocking owner"
}

# The first file is the list, the second one has the rows.
FNR == 1 { file++ }
/^#/ { next }
file == 1 { of[++items] = $1; sign[items] = $2; words[items] = $3; next }
$1 == "step" { step[++steps] = now = $2; next }
{ value[now, $1] = $2; seen[now, $1]++ }

function broken(text) {
	print "story: " text >"/dev/stderr"
	failed = 1
}

# Each step has all columns once, and each of its calls has ended in just one way.
function check(name, i, count, columns, sum) {
	count = split(COSTS "," TIMES "," TEXTS "," KILLED, columns, ",")
	for (i = 1; i <= count; i++)
		if (seen[name, columns[i]] != 1 || value[name, columns[i]] == "")
			broken(name ": " seen[name, columns[i]] + 0 " times: " columns[i])
	count = split(KILL, columns, ",")
	for (i = 1; i <= count; i++)
		sum += value[name, columns[i]]
	if (sum != value[name, "kill: calls"])
		broken(name ": " value[name, "kill: calls"] " calls, " sum " outcomes")
}

function title(column) {
	sub(/^kill: /, "", column)
	return column
}

function table(heading, list, i, j, count, columns, line, rule) {
	count = split(list, columns, ",")
	line = "| " heading
	rule = "|---"
	for (j = 1; j <= count; j++) {
		line = line " | " title(columns[j])
		rule = rule (columns[j] ~ /^(codes|start)$/ ? "|---" : "|--:")
	}
	print line " |\n" rule "|"
	for (i = 1; i <= steps; i++) {
		line = "| " step[i]
		for (j = 1; j <= count; j++)
			line = line " | " value[step[i], columns[j]]
		print line " |"
	}
	print ""
}

# Words with their numbers in place.
function filled(i, text, column) {
	text = words[i]
	while (match(text, /\{[^}]*\}/)) {
		column = substr(text, RSTART + 1, RLENGTH - 2)
		if (!((of[i], column) in value))
			broken(of[i] " has no " column)
		text = substr(text, 1, RSTART - 1) value[of[i], column] \
		    substr(text, RSTART + RLENGTH)
	}
	return text
}

function list_tradeoffs(i, last) {
	for (i = 1; i <= items; i++) {
		if (of[i] != last)
			print (last == "" ? "" : "\n") "**" of[i] "**\n"
		last = of[i]
		print "- " (sign[i] == "+" ? "plus" : "minus") ": " filled(i)
	}
}

function of_ours(column) {
	return value[OURS, column]
}

function has(what, holds, number) {
	print "- " (holds ? "yes" : "NO") ": " what ": " number
	if (!holds)
		broken(OURS " lacks: " what)
}

function every_plus() {
	has("one socket", of_ours("sockets") == 1, of_ours("sockets"))
	# By the median: a machine that is busy for a while makes few calls slow, and the
	# whole round with them.
	has("no waiting for others' round trips",
	    of_ours("p50 us") + 0 < value[OWNER, "p50 us"] + 0,
	    of_ours("p50 us") " us in the middle, the blocking owner " value[OWNER, "p50 us"])
	has("callers encode on their own cores", of_ours("codes") ~ /caller's thread/,
	    of_ours("codes"))
	has("it comes back, and no call is lost for want of a connection",
	    of_ours("kill: not sent") == 0, of_ours("kill: not sent") " not sent")
	has("no storm of dials", of_ours("kill: dials") < 50, of_ours("kill: dials"))
	has("each call has one true outcome", !failed,
	    of_ours("kill: calls") " calls, " of_ours("kill: maybe executed") " in doubt")
	print "- where not: a call crosses two threads, which costs " of_ours("syscalls") \
	    " system calls and " of_ours("cpu us") " us of CPU; in a program of one thread " \
	    value["7 started async", "syscalls"] " and " value["7 started async", "cpu us"]
	print "- where not: replies come in order, so a slow one holds up those behind it; " \
	    "a call that blocks wants a connection of its own (step 3)"
}

END {
	if (steps != STEPS)
		broken(steps + 0 " steps, not " STEPS)
	for (i = 1; i <= steps; i++)
		check(step[i])
	print "What it costs\n"
	table("step", COSTS)
	print "How long a call takes\n"
	table("step", TIMES)
	print "What happened at the kill\n"
	table("step", KILLED)
	print "Who works where, and what a start promises\n"
	table("step", TEXTS)
	print "The list of trade-offs\n"
	list_tradeoffs()
	print "\nHas the client of stay (" OURS ") every plus?\n"
	every_plus()
	exit failed
}
