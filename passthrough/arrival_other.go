//go:build !unix

package passthrough

import "net"

// arrivalOn returns waiting: there is no way to tell whether something has arrived. The moment in which something that is
// there already is being read counts as waiting.
func arrivalOn(_ net.Conn, waiting func()) func() { return waiting }
