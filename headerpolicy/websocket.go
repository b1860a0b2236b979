package headerpolicy

// WebSocket returns what a WebSocket handshake needs besides the fields of the hop, which the forwarder writes
// itself (RFC 6455 sections 4.1 and 4.2). It is to be added to another Config:
//
//	headerpolicy.Anthropic().With(headerpolicy.WebSocket())
//
// A subprotocol that is a credential in disguise ("openai-insecure-api-key.…") is refused nonetheless. Origin is not
// named: it tells where the gateway's caller came from, and the upstream would compare it with its own.
func WebSocket() Config {
	return Config{
		Request: Request{Forward: []string{
			"Sec-Websocket-Key",        // RFC 6455 section 11.3.1
			"Sec-Websocket-Version",    // RFC 6455 section 11.3.5
			"Sec-Websocket-Protocol",   // RFC 6455 section 11.3.4
			"Sec-Websocket-Extensions", // RFC 6455 section 11.3.2
		}},
		Response: Response{Forward: []string{
			"Sec-Websocket-Accept",     // RFC 6455 section 11.3.3
			"Sec-Websocket-Protocol",   // RFC 6455 section 11.3.4
			"Sec-Websocket-Extensions", // RFC 6455 section 11.3.2
		}},
	}
}
