# Behind medians.awk: a page with a picture a row. Each is a scale from nothing to the
# most that anybody took; stay is the bar, the limit and the peers are marks on it.
BEGIN {
	WIDTH = 560
	print "<!doctype html><html lang=en><meta charset=utf-8><title>make bench</title>"
	print "<style>body{font:15px/1.4 system-ui,sans-serif;max-width:46rem;" \
	    "margin:2rem auto;padding:0 1rem;color:#222;background:#fff}" \
	    "h1{font-size:1.4rem}h2{font-size:1rem;margin:1.6rem 0 0}" \
	    "p{margin:.2rem 0;color:#555}svg{display:block;max-width:100%}" \
	    "text{font-size:12px;fill:#222}.bar{fill:#2a7f62}.scale{fill:#e8ece9}" \
	    ".limit{stroke:#b3261e;stroke-width:3}.peer{stroke:#333;stroke-width:2}" \
	    "</style>"
	print "<h1>What stay takes, beside the limit and its peers</h1>"
	print "<p>The bar is <b>stay</b>; the red mark is the <b>limit</b>, an epoll " \
	    "client that checks nothing; each dark mark is a peer. Medians of rounds " \
	    "in which all took turns.</p>"
}

function at(value, most) {
	return value / most * WIDTH
}

function most_of(row, i, most) {
	most = median(row, "stay") + 0
	if (median(row, "limit") + 0 > most)
		most = median(row, "limit") + 0
	for (i = 1; i <= peer_count; i++)
		if (median(row, peers[i]) + 0 > most)
			most = median(row, peers[i]) + 0
	return most
}

# Marks take a line of text each, so that names never lie over one another.
function mark(kind, name, value, most, x, left) {
	if (value == "")
		return
	x = at(value, most) + 2
	left = x > WIDTH / 2
	marks++
	body = body sprintf("<line class=%s x1=%.1f x2=%.1f y1=2 y2=%d />", kind, x, x, \
	    22 + 15 * marks)
	body = body sprintf("<text x=%.1f y=%d text-anchor=%s>%s %s</text>\n", \
	    x + (left ? -5 : 5), 21 + 15 * marks, left ? "end" : "start", name, \
	    shown(value, "%.4g"))
}

function picture(row, most, i) {
	most = most_of(row)
	if (most <= 0)
		return
	body = ""
	marks = 0
	mark("limit", "limit", median(row, "limit"), most)
	for (i = 1; i <= peer_count; i++)
		mark("peer", peers[i], median(row, peers[i]), most)
	printf "<svg viewBox=\"0 0 %d %d\" width=%d role=img>", WIDTH + 4, \
	    26 + 15 * marks, WIDTH + 4
	printf "<rect class=scale x=2 y=5 width=%d height=14 />", WIDTH
	printf "<rect class=bar x=2 y=5 width=%.1f height=14 />\n%s</svg>\n", \
	    at(median(row, "stay") + 0, most), body
}

END {
	for (n = 1; n <= row_count; n++) {
		split(rows[n], words, FS)
		printf "<h2>%s</h2><p>%s: stay %s; %s is better</p>\n", words[1], \
		    words[2], shown(median(rows[n], "stay"), "%.4g"), \
		    words[2] ~ /\/s$/ ? "more" : "less"
		picture(rows[n])
	}
	print "</html>"
}
