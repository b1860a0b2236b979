package sse

import "strings"

// Event is one piece of a stream: an event, or what stands between events. Its slices are views that hold only until the
// function that was given it returns.
type Event struct {
	// Raw is the piece as it came, comments and line ends included.
	Raw []byte

	// Name is the value of the field event, the last if there are several; empty if there is none.
	Name []byte

	// Data are the values of the fields data, joined with LF.
	Data []byte

	// DataLines is how many fields data there are.
	DataLines int

	// Aside is what else is said, one line each with LF between them: comments, the values of the fields id and retry, and
	// unknown fields as they stand.
	Aside []byte

	// Dispatched says that, by the standard, an application gets to see the event: there is a field data. Without it
	// the piece is a comment, a blank line, the LF of a CRLF, or an event that lacks data.
	Dispatched bool

	// Quirks are what readers in use take differently.
	Quirks Quirks
}

// Quirks is a set of things that the standard allows and that readers in use take differently: see the package's
// documentation.
type Quirks uint8

// The quirks.
const (
	LoneCR        Quirks = 1 << iota // a CR that by itself is the end of a line
	BOM                              // a byte order mark at the start of the stream
	UnknownField                     // a field other than event, data, id and retry
	RepeatedEvent                    // a second field event
	NoData                           // fields, and no data among them
	Separator                        // outside of data, a character that some readers end a line at
	NUL                              // U+0000
)

var quirkNames = [...]string{
	"a CR by itself at the end of a line", "a byte order mark", "an unknown field", "a repeated field event", "an event without data",
	"a line separator outside of data", "a NUL",
}

// String returns the quirks in plain words; empty if there are none.
func (q Quirks) String() string {
	var names []string
	for i, name := range quirkNames {
		if q&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
