# Samples (see bench.h), for what is printed of them: rows[], each a name and a unit;
# peers[], who there is beside stay and the limit; and median(row, who).
BEGIN {
	FS = "\t"
}

{
	row = $1 FS $2
	if (!(row in known)) {
		known[row] = 1
		rows[++row_count] = row
	}
	if ($3 != "stay" && $3 != "limit" && !($3 in seen)) {
		seen[$3] = 1
		peers[++peer_count] = $3
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

function shown(number, format) {
	if (number == "")
		return "-"
	return sprintf(number >= 1000 ? "%.0f" : format, number)
}
