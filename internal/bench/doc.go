// Command bench measures headersafe beside other proxies over loopback and prints tables of medians, as Markdown:
//
//	go -C internal/bench run .
//
// There are three programs, each a process of its own: a load generator, a peer, and an upstream that answers at once. The
// peer has one processor for itself; the other two share another. A scenario measures one thing. It goes through the
// peers once a round, in an order that begins with another peer each round, and each visit starts all three programs
// anew. What is printed is the median over the rounds, and in parentheses the median of the rounds' own ratios to
// httputil.ReverseProxy: what the machine does to one round, it does to both.
//
// Every request has the 26 fields of Claude Code behind an edge proxy and every answer 19. "Direct" is the load generator
// on the upstream without a peer: for latencies it is what is subtracted, for throughput how much the generator can
// ask for. Where a peer did not keep its processor busy, a throughput has "≥": something else was the limit, mostly
// another program on the machine. The load average when the run began is printed; beyond a few tenths the figures are
// not these programs' own.
//
// A peer must pass a check first: the caller's credential, the whole body and the events arrive. The status and length of
// each answer are looked at throughout, and exchanges that fail are told of below the table; beyond one in a hundred
// there is no figure.
//
// # What it takes
//
// Linux, two processors, and 12,000 open files a process (ulimit -n). The default is 8 rounds, three for memory, one for
// what is counted, and takes about 22 minutes for all peers; -quick takes one or two, and is for trying the command, not
// for figures. Ctrl-C ends all programs. Caddy is built with the go command, which may take minutes the first time; nginx
// and HAProxy come from Debian's packages, and -install has apt-get install them. A peer that cannot be had is left
// out, with the reason. Files that are named on the command line are found from this folder.
//
// # What is not equal
//
//   - headersafe and the example gateway do more: they check a key, forward named fields alone, seal and record. They
//     send fewer fields for it.
//   - The example gateway logs each exchange as text, to /dev/null, as it always does. Neither it nor nginx and HAProxy
//     tell what they allocate.
//   - The libraries on net/http have a transport that keeps as many connections as there are; http.DefaultTransport keeps
//     two, and a ReverseProxy on it is much slower than it is here.
//   - nginx and HAProxy do not buffer whole messages, so that events stream; their buffers have the default sizes, which are
//     small for bulk.
//   - What the kernel does for loopback is charged to whoever sends: a peer pays for the delivery of both what it sends
//     up and what it sends down, the load generator for that of the requests.
//   - There is no TLS, which would cost all of them the same and make the ratios smaller.
//   - Resident memory is read before garbage collection, and so depends on when a peer last collected; what is in use
//     does not.
//
// Benchmarks of selecting from JSON beside libraries that the root module does not require are here as well:
//
//	go -C internal/bench test -bench Select
package main
