# Samples (see bench.h) to a table, and to JSON objects in the file `result`:
# of each name and unit the medians of stay, the limit and whoever else there
# is, the peer; vs_ is stay divided by the other.
BEGIN {
	FS = "\t"
	form = "%-40s %-23s %10s %10s %10s %9s %8s  %s\n"
	printf form, "", "", "stay", "limit", "peer", "vs limit", "vs peer", \
	    "peer"
	printf "" >result
}

{
	row = $1 FS $2
	if (!(row in known)) {
		known[row] = 1
		rows[++row_count] = row
	}
	if ($3 != "stay" && $3 != "limit") {
		peer[row] = $3
		$3 = "peer"
	}
	n = ++count[row, $3]
	# Into its place among those before it.
	for (; n > 1 && value[row, $3, n - 1] > $4 + 0; n--)
		value[row, $3, n] = value[row, $3, n - 1]
	value[row, $3, n] = $4 + 0
}

# "": nobody has measured it.
function median(row, who, n) {
	n = count[row, who]
	if (n == 0)
		return ""
	return (value[row, who, int((n + 1) / 2)] + \
	    value[row, who, int(n / 2) + 1]) / 2
}

function ratio(a, b) {
	return a == "" || b == "" || b == 0 ? "" : a / b
}

function json(number) {
	return number == "" ? "null" : sprintf("%.6g", number)
}

function shown(number, format) {
	if (number == "")
		return "-"
	return sprintf(number >= 1000 ? "%.0f" : format, number)
}

END {
	for (i = 1; i <= row_count; i++) {
		row = rows[i]
		split(row, words, FS)
		stay = median(row, "stay")
		limit = median(row, "limit")
		other = median(row, "peer")
		printf form, words[1], words[2], shown(stay, "%.4g"), \
		    shown(limit, "%.4g"), shown(other, "%.4g"), \
		    shown(ratio(stay, limit), "%.2f"), \
		    shown(ratio(stay, other), "%.2f"), \
		    row in peer ? peer[row] : "-"
		printf "{\"name\":\"%s\",\"unit\":\"%s\",\"stay\":%s," \
		    "\"limit\":%s,\"peer\":%s,\"peer_name\":%s," \
		    "\"vs_limit\":%s,\"vs_peer\":%s}\n", words[1], words[2], \
		    json(stay), json(limit), json(other), \
		    row in peer ? "\"" peer[row] "\"" : "null", \
		    json(ratio(stay, limit)), json(ratio(stay, other)) >result
	}
}
