package fakeupstream

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 section 4.2.2 asks for it, as a checksum
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// wantsWebSocket reports whether r asks to upgrade to WebSocket.
func wantsWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && hasToken(r.Header["Upgrade"], "websocket") && hasToken(r.Header["Connection"], "upgrade")
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(member), token) {
				return true
			}
		}
	}
	return false
}

// webSocket completes the handshake and echoes until the client closes or leaves.
func (p *provider) webSocket(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	switch {
	case err != nil || len(nonce) != 16:
		p.fail(w, r, fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: "Sec-WebSocket-Key: must be 16 bytes in base64"})
		return
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		p.fail(w, r, fault{status: http.StatusUpgradeRequired, kind: "invalid_request_error", message: "Sec-WebSocket-Version: must be 13"})
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.fail(w, r, fault{status: http.StatusNotImplemented, kind: "api_error", message: "WebSocket needs HTTP/1.1"})
		return
	}
	defer func() { _ = conn.Close() }()

	h := w.Header()
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Accept", acceptKey(key))
	if hasToken(r.Header["Sec-Websocket-Protocol"], "realtime") {
		h.Set("Sec-WebSocket-Protocol", "realtime")
	}
	fmt.Fprint(buffered, "HTTP/1.1 101 Switching Protocols\r\n")
	_ = h.Write(buffered) // an error stays in the writer until it is flushed
	fmt.Fprint(buffered, "\r\n")
	if buffered.Flush() != nil {
		return
	}
	description := encode(received(r))
	for {
		f, err := readFrame(buffered.Reader)
		if err != nil {
			return
		}
		switch {
		case f.opcode() == opPing:
			f = final(opPong, f.payload)
		case f.opcode() == opPong:
			continue
		case f.first == final(opText, nil).first && string(f.payload) == "headers":
			f.payload = description
		}
		if f.write(buffered.Writer) != nil || f.opcode() == opClose {
			return
		}
	}
}

func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}
