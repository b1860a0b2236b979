package proc

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A program has the one processor that it was given, and this thread has its own back.
func TestStartOnAProcessor(t *testing.T) {
	before, err := CPUs()
	if err != nil {
		t.Fatal(err)
	}
	last := before[len(before)-1]
	var out bytes.Buffer
	p, err := Start(t.Context(), Spec{Path: "/bin/grep", Args: []string{"Cpus_allowed_list", "/proc/self/status"}, CPUs: []int{last}, Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(out.String(), ":")
	if got = strings.TrimSpace(got); got != strconv.Itoa(last) {
		t.Errorf("it may use %s, not %d", got, last)
	}
	if after, err := CPUs(); err != nil || len(after) != len(before) {
		t.Errorf("%v were allowed, and now %v, %v", before, after, err)
	}
}

func TestStop(t *testing.T) {
	for name, stop := range map[string]func(*Process, context.CancelFunc){
		"Stop":    func(p *Process, _ context.CancelFunc) { p.Stop(); p.Stop() },
		"context": func(_ *Process, cancel context.CancelFunc) { cancel() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cpus, err := CPUs()
		if err != nil {
			t.Fatal(err)
		}
		p, err := Start(ctx, Spec{Path: "/bin/sleep", Args: []string{"3600"}, CPUs: cpus})
		if err != nil {
			t.Fatal(err)
		}
		stop(p, cancel)
		if err := p.Wait(); err == nil {
			t.Errorf("%s: it ended by itself", name)
		}
		cancel()
	}
}

func TestUsage(t *testing.T) {
	self := os.Getpid()
	if cpu, err := CPU(self); err != nil || cpu <= 0 {
		t.Errorf("CPU: %v, %v", cpu, err)
	}
	if err := ResetPeak(self); err != nil {
		t.Error(err)
	}
	resident, errResident := Resident(self)
	peak, errPeak := Peak(self)
	if errResident != nil || errPeak != nil || resident < 1<<20 || peak < 1<<20 {
		t.Errorf("resident %d, %v; peak %d, %v", resident, errResident, peak, errPeak)
	}
	const nobody = 1 << 22 // beyond the largest PID that Linux gives
	if _, err := CPU(nobody); err == nil {
		t.Error("nobody has used processor time")
	}
}

func TestDebug(t *testing.T) {
	server := httptest.NewServer(DebugHandler())
	defer server.Close()
	debug := NewDebug(server.Listener.Addr().String())
	if err := debug.Collect(); err != nil {
		t.Fatal(err)
	}
	memory, err := debug.Memory()
	if err != nil || memory.Mallocs == 0 || memory.TotalAlloc == 0 || memory.InUse() == 0 {
		t.Errorf("%+v, %v", memory, err)
	}
	if n, err := debug.Goroutines(); err != nil || n < 2 {
		t.Errorf("%d goroutines, %v", n, err)
	}
	if NewDebug("") != nil {
		t.Error("a reader of no endpoint")
	}
}
