# page.awk ROWS: the same as a page: a bar a step for each number, and for the kill a bar
# of outcomes.
BEGIN {
	FS = "\t"
	WIDTH = 420
	LEFT = 150
	PICTURES = "calls/s,cpu us,syscalls,copied B,kernel B,sockets,p50 us,p99 us,p99.9 us,start us,kill: dials,kill: longest ms"
	OUTCOMES = "replied,sent,refused,not sent,maybe executed"
	split("#2a7f62,#8fbf9f,#b0a160,#c9c4b5,#b3261e", colour, ",")
}

$1 == "step" { step[++steps] = now = $2; next }
{ value[now, $1] = $2 }

function head(text) {
	print "<h2>" text "</h2>"
}

function begin_picture() {
	printf "<svg viewBox=\"0 0 %d %d\" width=%d role=img>\n", \
	    LEFT + WIDTH + 110, 20 * steps + 6, LEFT + WIDTH + 110
}

function label(i) {
	printf "<text x=%d y=%d text-anchor=end>%s</text>\n", LEFT - 8, 20 * i - 3, step[i]
}

# The scale is logarithmic: between the silly way and the last one lie three digits.
function long(number, most) {
	return number <= 0 ? 0 : WIDTH * log(1 + number) / log(1 + most)
}

function picture(column, i, most, wide) {
	for (i = 1; i <= steps; i++)
		if (value[step[i], column] + 0 > most)
			most = value[step[i], column] + 0
	head(column)
	begin_picture()
	for (i = 1; i <= steps; i++) {
		label(i)
		wide = long(value[step[i], column], most)
		printf "<rect class=bar x=%d y=%d width=%.1f height=14 />", LEFT, \
		    20 * i - 15, wide
		printf "<text x=%.1f y=%d>%s</text>\n", LEFT + 6 + wide, 20 * i - 3, \
		    value[step[i], column]
	}
	print "</svg>"
}

function kill_picture(i, j, count, names, x, wide) {
	count = split(OUTCOMES, names, ",")
	head("what became of each call at the kill")
	printf "<p>"
	for (j = 1; j <= count; j++)
		printf "<span style=\"background:%s\">&emsp;</span> %s &ensp;", colour[j], names[j]
	print "</p>"
	begin_picture()
	for (i = 1; i <= steps; i++) {
		label(i)
		x = LEFT
		for (j = 1; j <= count; j++) {
			wide = WIDTH * value[step[i], "kill: " names[j]] / value[step[i], "kill: calls"]
			if (wide > 0 && wide < 2)
				wide = 2
			printf "<rect fill=\"%s\" x=%.1f y=%d width=%.1f height=14 />", \
			    colour[j], x, 20 * i - 15, wide
			x += wide
		}
		printf "<text x=%.1f y=%d>%d in doubt</text>\n", x + 6, 20 * i - 3, \
		    value[step[i], "kill: maybe executed"]
	}
	print "</svg>"
}

function words(column, i) {
	head(column == "codes" ? "where requests are encoded, and replies decoded" \
	    : "what a start promises")
	print "<table>"
	for (i = 1; i <= steps; i++)
		print "<tr><th>" step[i] "<td>" value[step[i], column]
	print "</table>"
}

END {
	print "<!doctype html><html lang=en><meta charset=utf-8><title>make story</title>"
	print "<style>body{font:15px/1.4 system-ui,sans-serif;max-width:46rem;margin:2rem auto;" \
	    "padding:0 1rem;color:#222;background:#fff}h1{font-size:1.4rem}" \
	    "h2{font-size:1rem;margin:1.6rem 0 .2rem}p{margin:.2rem 0;color:#555}" \
	    "svg{display:block;max-width:100%}text{font-size:12px;fill:#222}" \
	    ".bar{fill:#2a7f62}th{text-align:left;padding-right:1rem;white-space:nowrap}</style>"
	print "<h1>The story, in numbers</h1>"
	print "<p>The same 20,000 calls of 16 callers, step by step, on one redis-server. Bars " \
	    "are on a logarithmic scale. docs/story.md tells what the steps are.</p>"
	count = split(PICTURES, columns, ",")
	for (i = 1; i <= count; i++)
		picture(columns[i])
	kill_picture()
	words("codes")
	words("start")
}
