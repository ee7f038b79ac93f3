# The bounds, then the figures: a line for each, and how many passed. A figure
# without a bound fails, and so does a bound that nothing was measured for.
BEGIN {
	tolerance = 0.03
	form = "%-48s %10s %10s  %s\n"
	printf form, "", "measured", "bound", ""
}

FNR == NR && /^compiler / {
	judged = "compiler " compiler == $0
	pinned = substr($0, 10)
}

FNR == NR && /^[0-9]/ {
	bound[$2] = $1
}

FNR == NR {
	next
}

function verdict(measured, bound) {
	if (bound == "")
		return "FAILED: it has no bound"
	if (measured > bound * (1 + tolerance))
		return "FAILED"
	return measured < bound * (1 - tolerance) ? "ok, could be tightened" : \
	    "ok"
}

function tell(name, measured, bound, what) {
	if (judged) {
		if (what ~ /^FAILED/)
			failed++
		else
			passed++
	}
	printf form, name, measured, bound, judged ? what : "not judged"
}

{
	tell($2, $1, bound[$2], verdict($1, bound[$2]))
	delete bound[$2]
}

END {
	for (name in bound)
		tell(name, "-", bound[name], "FAILED: not measured")
	if (!judged)
		printf "built with %s, the bounds with %s: nothing is judged\n", \
		    compiler, pinned
	printf "%d passed, %d failed\n", passed, failed
	exit failed > 0
}
