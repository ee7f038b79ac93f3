# chart.awk: a sequence chart (Mermaid) of what `reconnect` prints. An arrow ends at the
# machine that takes a step, and begins at the one that took the step before: the steps
# of a connection follow from each other. `program` is who calls, and gets replies.
BEGIN {
	FS = "\t"
	print "```mermaid"
	print "sequenceDiagram"
	print "    participant program"
	print "    participant session"
	print "    participant conn"
	print "    participant link"
	last = "link"
}

$1 == "program" && $2 == "call" {
	print "    program->>session: call \"" $4 "\""
	next
}

$1 == "program" {
	print "    session-->>program: " $4
	next
}

{
	print "    " last "->>" $1 ": " $2
	print "    Note over " $1 ": " $4 " → " $5 ($3 == "" ? "" : ", runs " $3)
	last = $1
}

END {
	print "```"
}
