//go:build !unix

package passthrough

import "net"

// socketRead returns what calls waiting and reads from conn: whether something is there already cannot be told here.
func socketRead(conn net.Conn, waiting func()) func([]byte) (int, error) {
	return waitAndRead(conn, waiting)
}
