// Command peers runs the cases of passthrough/leaktest against other proxies and prints a table of what became of them,
// as Markdown:
//
//	go -C internal/peers run . -install
//
// The job is the same for all of them: a caller proves itself with a key in X-Gateway-Key, which must go no further; a
// token of its own, in Authorization, is forwarded; only what is below /v1/ is; events stream, and WebSockets are
// opened. Each peer is configured for it as its own documentation advises, and -config prints how.
//
// A peer is judged on what it was told, on what RFCs demand with MUST and MUST NOT, and on whether an exchange that fails
// looks like one that succeeds or keeps its connection, or one that is good is cut short. None of the others is made to
// name every field that crosses, or to look for a secret by its value, so those cases are "n/a" for them; job.go has the
// rules, which stand below the table, and what a peer's own documentation says of a case goes before the rules that all
// peers share.
//
// Caddy and Traefik are built with the go command, which may take many minutes the first time; nginx and HAProxy come
// from Debian's packages, and -install has apt-get install them where they are missing. A peer that cannot be had is left
// out, with the reason. The table in the README is what this prints.
package main
