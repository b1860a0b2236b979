// Package leaktest fires every known leak at a gateway: a route of this library, an [net/http/httputil.ReverseProxy],
// any [http.Handler], or a server that runs already. It tells what reached the upstream or came back and should not
// have, and which published fault that is.
//
// In a test, a few lines say how to build the gateway and what is meant to cross; [Run] then runs every case as a
// subtest, over HTTP/1.1 and over HTTP/2 with prior knowledge where that is served:
//
//	func TestNothingLeaks(t *testing.T) {
//		leaktest.Run(t, leaktest.Target{
//			Handler: func(upstream string) http.Handler { return newGateway(upstream) },
//			Gateway: leaktest.Header("X-Gateway-Key", "the-key-that-the-gateway-knows"),
//			Caller:  leaktest.Bearer(""), // crosses; the kit has a token of its own
//		})
//	}
//
// Outside tests, [Audit] returns a [Report], which prints as text and as JSON.
//
// # What it does
//
// For each case the kit starts an upstream that follows the case's script, builds the gateway in front of it, and writes
// the case's request to it byte by byte, without an HTTP client that would tidy it up. It keeps what reached the upstream
// and what came back, and checks what the case expects. In every case, whatever it is about, it also checks that
//
//   - the gateway's key does not reach the upstream, in any place, as it stands, percent-encoded, in base64 or in
//     hexadecimal;
//   - the gateway's own secret does not reach the client in the same ways;
//   - neither they nor the caller's credential stand in the log, where [Target] has one;
//   - nothing reaches a server other than the upstream.
//
// A gateway may refuse what a case sends: refusing is one way not to leak. So that a gateway which refuses everything
// does not pass, a good request must get through before anything else is tried; else the error wraps [ErrNotWorking].
//
// The kit takes a strict view: nothing crosses unless it was named. A gateway that relays some of it on purpose says so
// in [Target.Skip], with the reason, which then stands in the report.
//
// # How to read a failure
//
//	R3-key-in-x-api-key/HTTP_1.1:
//	    the gateway key reached the upstream, as it stands, in the field "X-Api-Key" of request 1
//	    the case: the gateway key once more, in X-Api-Key
//	    published: https://github.com/BerriAI/litellm/issues/38114
//	    sent: …
//	    reached the upstream: …
//	    returned: …
//
// The first lines say what leaked, in which form, to whom and where it stood. Then come what the case is about, who has
// had the same fault, and the conversation: what the client sent, what of it reached the upstream, and what the client
// got. Secrets stand there by name, {{gateway-key}}, so that a failure can be shown around. The name's first part is the
// kind of fault: R is for credentials and fields of requests, U for targets, M for methods and framing, S for responses,
// T for time: streams, cancellation, logs. "go test -run 'TestNothingLeaks/R3-key-in-x-api-key'" runs one case again.
//
// # How to add a case
//
// A case is a text file whose name ends in ".txt": in the folder corpus, or in one of a project's own, which [Target.Cases]
// gives as os.DirFS("testdata/leaks"), say. From then on no Go is needed. This is a whole case, and its lines begin at the
// left margin:
//
//	Why this happens, for who reads it later.
//
//	-- meta --
//	title: the gateway key once more, in a field for debugging
//	refs: CVE-2021-32813 go#50580 owner/repository#7 RFC9110#7.6.1
//	needs: gateway-key
//	-- request --
//	{{method}} {{target}} HTTP/1.1
//	Host: {{host}}
//	{{credentials}}
//	X-Debug: key={{gateway-key}}
//	Content-Length: {{length}}
//
//	{{body}}
//	-- upstream --
//	HTTP/1.1 200 OK
//	Content-Length: {{length}}
//
//	ok
//	-- expect --
//	client status 200 4xx
//	upstream lacks {{gateway-key}}
//
// See it fail before you trust it: a bare [net/http/httputil.ReverseProxy] relays most of what a request and a response hold,
// and so it fails there. A case that passes on every gateway says nothing. A new one in the folder corpus is also named in
// mutation_test.go, with the gateway there that leaks in its way; the tests say so if it fails on none.
//
// A message is written as on the wire, in HTTP/1.1, with LF for CRLF. A line's end before the next section does not belong
// to a body that has a Content-Length. Several requests go one after the other on one connection; several upstream
// sections answer the first, the second and so on, and the last all further ones. Without one the upstream says "ok".
//
// Over HTTP/2 the request is translated: names in lower case, Host as :authority, chunks as DATA, and what follows the
// last chunk as trailers. A request whose first line begins with ":" is a list of HTTP/2 fields, sent as it stands.
//
// Meta, one a line:
//
//	title     required
//	refs      published cases: CVE, GHSA, RFC with a section, go#N, owner/repository#N, or an address
//	wire      h1 or h2, where the case makes sense on one of them only
//	needs     what a target must have, else the case is skipped: gateway-key, gateway-field (a field of its own),
//	          upstream-secret, caller-credential, no-caller-credential, caller-in-authorization, caller-elsewhere,
//	          free-authorization, free-x-api-key, free-goog-key, free-upstream-field (not taken by a credential),
//	          authorization-used, parameter, prefix, websocket, log, handler, without-secret
//	outer     a field that middleware around the gateway sets on the response; may be repeated
//	context   bare: the handler runs without the values that net/http's server puts into a context
//	build     without-secret: the gateway is that of Target.WithoutSecret
//	repeat    how many times the requests are sent
//
// Placeholders:
//
//	{{method}} {{path}} {{prefix}} {{base}} {{host}} {{body}}  of the target; {{upstream-path}} is what the upstream gets
//	{{target}}            the path, with the gateway's key if that stands in the query
//	{{query}} {{query+}}  that query, or nothing; the same with "?" or "&" after it, for more parameters
//	{{credentials}}       the lines that a good request must have: the next three
//	{{gateway-line}} {{caller-line}} {{fields}}
//	{{upstream-line}}     the line that the gateway adds
//	{{gateway-field}} {{upstream-field}} {{caller-field}}  the names of those
//	{{gateway-key}} {{upstream-secret}} {{caller-credential}}  the secrets
//	{{stray}}             a secret of the caller's that is meant for nobody
//	{{private}}           what an upstream says that is meant for nobody
//	{{elsewhere}}         the host and port of another server
//	{{parameter}} {{websocket}} {{many-parameters}}  of the query and of the target
//	{{gzip}} {{gzip.length}}  a body in gzip, and its length
//	{{padding}}           16 KiB of spaces, to follow a body: more than an HTTP client or server keeps back before it writes
//	{{length}}            the length of the body, for Content-Length
//	{{chunk: TEXT}}       on a line of its own: a chunk
//	{{cr}} {{lf}} {{nul}} {{tab}} {{space}} {{del}} {{high}}  single bytes
//
// Some have further forms, {{gateway-key.percent}}:
//
//	.lower .upper         of {{gateway-line}}, {{caller-line}}, {{fields}}, {{gateway-field}} and {{upstream-field}}
//	.underscores .dots    of {{gateway-field}}, in place of its hyphens
//	.percent              of secrets and of {{parameter}}: percent-encoded
//	.percent-twice .base64 .base64url .basic .upper  of secrets
//	.first .second        of secrets: their halves
//
// A line that consists of a placeholder for lines disappears where there are none. On a line of its own, these act:
//
//	{{await: TEXT}}       the client waits until the response has brought the text
//	{{await upstream}}    the client waits until its request has reached the upstream
//	{{leave}} {{half-close}}  the client resets its connection or stream; it ends its sending side
//	{{head only}}         first in an upstream section: it does not read the request's body before it answers
//	{{read body}}         the upstream reads the body now
//	{{await delivery}}    the upstream waits until the client has got what it sent last
//	{{await leave}}       the upstream waits until the gateway ends its connection
//	{{close}} {{reset}}   the upstream ends the connection
//
// Expectations, all of which must hold. Those about the upstream are about every request that reached it, and hold if none
// did:
//
//	upstream requests N            upstream requests at most N
//	upstream lacks TEXT            upstream lacks field NAME      upstream has field NAME: VALUE (and no other)
//	upstream one field NAME        each request has one line of it
//	upstream not both A and B      upstream not joined NAME       upstream target TARGET
//	upstream plain target          no dot segments and the like, in any layer of percent-encoding
//	upstream body TEXT             upstream incomplete            upstream well-formed
//	upstream surplus TEXT          among what came after the request, where protocols were switched
//	client status 200 4xx none     client lacks TEXT              client lacks field NAME
//	client has field NAME: VALUE   client one field NAME          client 1xx lacks field NAME
//	client body TEXT               client complete                client incomplete
//	log lacks TEXT
//
// # Bounds
//
// No TLS: a gateway that speaks nothing else is tried behind its TLS. The upstream speaks HTTP/1.1. Only what is known to
// leak is tried, and only on the wire: what a gateway keeps in a database, or tells a vendor on the side, is not seen.
// A running gateway must have no other traffic meanwhile; what leaks there is tried a second time before it counts, since a
// request of the case before may come late. The cases run one after the other, in some ten seconds; each wait is bounded by
// [Target.Patience]. Requests, too, go one after the other, and what happens by luck, or under load alone, is not tried: a
// case must end in the same way each time. T8-answer-during-the-upload tells of one such fault that can be had without luck.
package leaktest
