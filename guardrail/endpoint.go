package guardrail

// Endpoint is the rule for one endpoint: where the text of its requests is, and of its answers.
//
// Every string of the body is read. Text gives the known ones a kind, and says which must be there; NotText lists
// those that are none; whatever is neither is read as [Other], so that a field that a vendor adds tomorrow cannot
// be used to say something unread.
//
// Where several lists select the same string, the first of these that applies decides: Refuse, Opaque, Sealed, Reference,
// NotText, Text. Opaque, Sealed and NotText apply only while the string looks the part, and only to strings that they select
// themselves: what stands below a selected array or object is not meant.
type Endpoint struct {
	_ [0]func()

	// Pattern is a [net/http.ServeMux] pattern without a host: "POST /v1/messages". The path is relative to the
	// upstream's base, as the forwarder sees it.
	Pattern string

	// Text selects what is read as what. The first selector that selects a string, or an array or object above it,
	// gives it its kind and role.
	Text []Selector

	// NotText lists RFC 9535 paths of strings that the model does not read as text: identifiers, enumerations, model
	// names. Such a string is passed over only while it looks like one: at most 256 bytes of letters, digits and
	// "-_.:/+=@"; anything else is read.
	NotText []string

	// Opaque lists paths of base64 payloads and data: URLs, which no guard can read. Such a string counts as opaque only
	// while it is strictly base64 or a base64 data: URL; anything else is read.
	Opaque []string

	// Sealed lists paths of what the upstream encrypted or signed, and takes back only unchanged: the signature of a
	// thinking block, encrypted reasoning, encrypted search results. Nobody but the upstream can say something there.
	// Such a string is passed over, and is no opaque part, while it is strictly base64, of either alphabet; anything
	// else is read.
	Sealed []string

	// Reference lists paths of strings that bring in content which is not in the body: a URL that the upstream fetches,
	// the ID of a file, of an earlier response or of a stored prompt. The string is read, whatever it looks like. What it
	// stands for can't be, so it counts as an opaque part besides.
	Reference []string

	// Refuse lists paths of values that say something in a form that no guard can read: a prompt as an array of
	// token numbers. Or that none should be shown: a credential for somebody else. A request in which one of them selects
	// anything but null is refused with the code "unreadable".
	Refuse []string

	// Names lists the member names that the API itself defines, beyond those in the paths above. Any other name is
	// read, as kind [Name]: in a tool's input or schema a name says as much as a value.
	Names []string

	// NoBody says that requests to this endpoint have no body. One that has is refused.
	NoBody bool

	// Response is the rule for the endpoint's answers.
	Response Response
}

// Selector says that what Path selects is text. A string is a text; an array or object yields all strings below it.
type Selector struct {
	// Path is an RFC 9535 JSONPath. A leading "$." may be left out: "messages[*].content".
	Path string
	Kind Kind
	// Role is the role of the texts where no enclosing object has a member "role".
	Role string
	// Required blocks a request in which Path selects nothing, or anything but a string, array or object.
	Required bool
}
