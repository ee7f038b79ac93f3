# beside.awk SOURCE PAGE: each block of C on the page stands so in the source.
NR == FNR { source = source $0 "\n"; next }
/^```$/ && inside { inside = 0; blocks++
	if (index(source, block) == 0) { printf "not in the source:\n%s", block; failed = 1 }
	next }
inside { block = block $0 "\n" }
/^```c$/ { inside = 1; block = "" }
END { exit failed || blocks < 5 }
