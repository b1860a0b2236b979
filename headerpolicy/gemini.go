package headerpolicy

// Gemini returns what Google's Gen AI SDKs and plain HTTP clients need to use
// generativelanguage.googleapis.com with a credential of the caller's own, the Live API (WebSocket) included.
//
// A key in the query ("key=") is refused: addresses end up in logs. Every SDK sends X-Goog-Api-Key.
//
// Sources: "docs" is ai.google.dev/api, "system" is cloud.google.com/apis/docs/system-parameters, "SDK" is
// github.com/googleapis/js-genai, src/_api_client.ts, and its siblings in other languages.
func Gemini() Config {
	return Config{
		Request: Request{
			Credentials: []Credential{{OneOf: []CredentialField{
				{Name: "X-Goog-Api-Key"}, // docs, authentication; SDK
				{Name: "Authorization"},  // docs, OAuth; ephemeral tokens of the Live API
			}}},
			Forward: []string{
				"Accept",           // any client
				"Accept-Encoding",  // any client
				"Content-Encoding", // of the body: it means nothing without
				"Content-Type",     // SDK
				"User-Agent",       // SDK

				"X-Goog-Api-Client",     // SDK
				"X-Goog-Api-Version",    // system
				"X-Goog-Fieldmask",      // system
				"X-Goog-Request-Params", // system
				"X-Goog-User-Project",   // system: whose quota the caller's OAuth credential uses
				"X-Goog-Upload-*",       // docs, files: resumable uploads; SDK
				"X-Server-Timeout",      // SDK
			},
			Query: Query{Forward: []string{
				"$alt", "alt", // system: alt=sse
				"$fields", "fields", "$prettyPrint", "prettyPrint", // system
				"filter", "force", "orderBy", "pageSize", "pageToken", "updateMask", // docs, methods
				"returnPartialSuccess", "view", // docs, methods
				"uploadType", "upload_id", "upload_protocol", // docs, files
			}},
		},
		Response: Response{
			Forward: []string{
				"Cache-Control",       // of the body
				"Content-Disposition", // of the body
				"Content-Encoding",    // of the body: it means nothing without
				"Content-Type",        // SDK
				"Date",                // HTTP
				"Retry-After",         // HTTP
				"Vary",                // of the body
				"X-Goog-Upload-*",     // docs, files: the session's address, status and granularity
			},
		},
	}.With(WebSocket())
}
