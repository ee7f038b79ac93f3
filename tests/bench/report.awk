# Behind medians.awk: a table, and JSON objects in the file `result`: of each name and
# unit what stay, the limit and each peer took; vs_ is stay divided by the other.
BEGIN {
	form = "%-40s %-23s %10s %10s %9s "
	printf "" >result
}

function json(number) {
	return number == "" ? "null" : sprintf("%.6g", number)
}

function of_peers(row, i, value, text) {
	for (i = 1; i <= peer_count; i++) {
		value = median(row, peers[i])
		if (value != "")
			text = text sprintf(" %s %s (%s)", peers[i], \
			    shown(value, "%.4g"), \
			    shown(ratio(median(row, "stay"), value), "%.2f"))
	}
	return text
}

function json_peers(row, i, value, text) {
	for (i = 1; i <= peer_count; i++) {
		value = median(row, peers[i])
		if (value != "")
			text = text sprintf("%s\"%s\":{\"value\":%s,\"vs\":%s}", \
			    text == "" ? "" : ",", peers[i], json(value), \
			    json(ratio(median(row, "stay"), value)))
	}
	return "{" text "}"
}

END {
	printf form, "", "", "stay", "limit", "vs limit"
	print " peers (stay to each)"
	for (i = 1; i <= row_count; i++) {
		row = rows[i]
		split(row, words, FS)
		stay = median(row, "stay")
		limit = median(row, "limit")
		printf form, words[1], words[2], shown(stay, "%.4g"), \
		    shown(limit, "%.4g"), shown(ratio(stay, limit), "%.2f")
		print of_peers(row)
		printf "{\"name\":\"%s\",\"unit\":\"%s\",\"stay\":%s," \
		    "\"limit\":%s,\"vs_limit\":%s,\"peers\":%s}\n", words[1], \
		    words[2], json(stay), json(limit), json(ratio(stay, limit)), \
		    json_peers(row) >result
	}
}
