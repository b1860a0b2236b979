//go:build !unix

package http1

import "net"

// reuses says that connections cannot be used again, since nothing would tell whether they may; Next serves everything.
const reuses = false

type probe struct{}

func newProbe(net.Conn) *probe { return nil }

func (*probe) quiet() bool { return false }
