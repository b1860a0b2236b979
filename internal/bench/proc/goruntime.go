package proc

import (
	"encoding/json"
	"expvar"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"regexp"
	"strconv"
	"time"
)

// DebugHandler serves what [Debug] reads, and profiles: the paths of packages expvar and net/http/pprof, which Caddy's
// administration endpoint has, too.
func DebugHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/debug/vars", expvar.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return mux
}

// Debug reads a Go program's debug endpoint.
type Debug struct {
	base   string
	client *http.Client
}

// NewDebug returns a reader of the endpoint at that address, or nil for an empty one.
func NewDebug(address string) *Debug {
	if address == "" {
		return nil
	}
	return &Debug{base: "http://" + address, client: &http.Client{Timeout: 30 * time.Second}}
}

// Memory is what a Go program has allocated.
type Memory struct {
	Mallocs    uint64 // objects, since it began
	TotalAlloc uint64 // bytes, since it began
	HeapInuse  uint64 // bytes of spans in use
	StackInuse uint64 // bytes of stacks in use
}

// InUse is what heap and stacks take now.
func (m Memory) InUse() uint64 { return m.HeapInuse + m.StackInuse }

// Memory returns what the program has allocated.
func (d *Debug) Memory() (Memory, error) {
	var vars struct {
		Memstats Memory `json:"memstats"`
	}
	text, err := d.get("/debug/vars")
	if err == nil {
		err = json.Unmarshal(text, &vars)
	}
	return vars.Memstats, err
}

// Collect has the program collect its garbage, twice: what a sync.Pool holds survives once.
func (d *Debug) Collect() error {
	for range 2 {
		if _, err := d.get("/debug/pprof/heap?gc=1"); err != nil {
			return err
		}
	}
	return nil
}

var total = regexp.MustCompile(`^goroutine profile: total (\d+)`)

// Goroutines returns how many there are.
func (d *Debug) Goroutines() (int, error) {
	text, err := d.get("/debug/pprof/goroutine?debug=1")
	if err != nil {
		return 0, err
	}
	match := total.FindSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("%s has no goroutine profile", d.base)
	}
	return strconv.Atoi(string(match[1]))
}

// Profile writes a profile of where processor time goes, for that long, in whole seconds, to a file.
func (d *Debug) Profile(file string, length time.Duration) error {
	return d.save(fmt.Sprintf("/debug/pprof/profile?seconds=%d", max(1, int(length.Round(time.Second).Seconds()))), file)
}

// Allocs writes a profile of what was allocated since the program began to a file.
func (d *Debug) Allocs(file string) error { return d.save("/debug/pprof/allocs", file) }

func (d *Debug) save(path, file string) error {
	text, err := d.get(path)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func (d *Debug) get(path string) ([]byte, error) {
	resp, err := d.client.Get(d.base + path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s%s: %s", d.base, path, resp.Status)
	}
	return io.ReadAll(resp.Body)
}
