package fakeupstream

import (
	"bufio"
	"encoding/binary"
	"io"
)

// The opcodes and close codes that the echo knows (RFC 6455 sections 5.2 and 7.4.1).
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xa

	closeProtocolError = 1002
	closeTooBig        = 1009
)

const maxFrame = 1 << 20

// frame is a WebSocket frame, unmasked.
type frame struct {
	first   byte // FIN and opcode
	payload []byte
}

func final(opcode byte, payload []byte) frame { return frame{0x80 | opcode, payload} }

func (f frame) opcode() byte { return f.first & 0x0f }

// readFrame reads a client's frame. Where the client broke the protocol it returns the frame to close with instead;
// the error says that the client left.
func readFrame(r *bufio.Reader) (frame, error) {
	broken := func(code uint16) (frame, error) {
		return final(opClose, binary.BigEndian.AppendUint16(nil, code)), nil
	}
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{first: head[0]}
	size, masked := uint64(head[1]&0x7f), head[1]&0x80 != 0
	control := f.opcode() >= opClose
	if !masked || f.first&0x70 != 0 || control && (size > 125 || f.first&0x80 == 0) {
		return broken(closeProtocolError)
	}
	extended := map[uint64]int{126: 2, 127: 8}[size]
	if extended > 0 {
		var wide [8]byte
		if _, err := io.ReadFull(r, wide[8-extended:]); err != nil {
			return frame{}, err
		}
		size = binary.BigEndian.Uint64(wide[:])
	}
	if size > maxFrame {
		return broken(closeTooBig)
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return frame{}, err
	}
	f.payload = make([]byte, size)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return frame{}, err
	}
	for i := range f.payload {
		f.payload[i] ^= mask[i%4]
	}
	return f, nil
}

// write sends the frame as a server does, unmasked, and flushes.
func (f frame) write(w *bufio.Writer) error {
	head := []byte{f.first}
	switch n := len(f.payload); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	_, _ = w.Write(head) // an error stays in the writer until it is flushed
	_, _ = w.Write(f.payload)
	return w.Flush()
}
