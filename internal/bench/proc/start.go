// Package proc starts the programs that are measured, each on a processor of its own and in a process group of its own,
// and reads from the kernel, and from a Go program's debug endpoint, what they used. It needs Linux.
package proc

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec says what to start.
type Spec struct {
	Path   string
	Args   []string
	Env    []string // in addition to this process's own
	Dir    string
	CPUs   []int // the only processors that it may use; see [CPUs]
	Stdin  io.Reader
	Stdout io.Writer
	Stderr *os.File // a file, so that what a program writes costs nobody else time
}

// Process is a program that runs.
type Process struct {
	PID int

	cmd   *exec.Cmd
	ended chan struct{}
	err   error // once ended is closed
}

// Start starts a program. It and its children are killed by [Process.Stop] and when ctx is done; it is killed as well
// when this process dies.
func Start(ctx context.Context, s Spec) (*Process, error) {
	cmd := exec.CommandContext(ctx, s.Path, s.Args...) //nolint:gosec // to run programs is what this is for
	cmd.Dir, cmd.Env = s.Dir, append(os.Environ(), s.Env...)
	cmd.Stdin, cmd.Stdout = s.Stdin, s.Stdout
	if s.Stderr != nil {
		cmd.Stderr = s.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := startOn(s.CPUs, cmd); err != nil {
		return nil, err
	}
	p := &Process{PID: cmd.Process.Pid, cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// startOn starts the command from a thread that may use those processors alone: a child inherits it.
func startOn(cpus []int, cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, some unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	for _, cpu := range cpus {
		some.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &some); err != nil {
		return fmt.Errorf("sched_setaffinity: %w", err)
	}
	err := cmd.Start()
	if back := unix.SchedSetaffinity(0, &before); err == nil && back != nil {
		err = fmt.Errorf("sched_setaffinity: %w", back)
	}
	return err
}

// Stop kills the program and waits until it is gone.
func (p *Process) Stop() {
	select {
	case <-p.ended:
	default:
		_ = p.cmd.Cancel() // it may have ended meanwhile
		<-p.ended
	}
}

// Ended is closed once the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the program's end and returns how it ended.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// CPUs returns the processors that this process may use.
func CPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	var cpus []int
	for cpu := range 64 * len(set) {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}
