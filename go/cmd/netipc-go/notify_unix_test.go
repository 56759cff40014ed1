//go:build unix

package main

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A service manager as systemd is one: it is told when the program is ready, that it is alive, and that it
// stops.
func TestASupervisorIsToldOfEverything(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	address := net.UnixAddr{Name: filepath.Join(p.dir, "notify"), Net: "unixgram"}
	manager, err := net.ListenUnixgram("unixgram", &address)
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	heard := make(chan string, 1000)
	go func() {
		defer close(heard)
		for {
			message := make([]byte, 100)
			size, err := manager.Read(message)
			if err != nil {
				return
			}
			heard <- string(message[:size])
		}
	}()
	cmd := command(t, "serve", increments, "--run-dir", p.runDir())
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+address.Name, "WATCHDOG_USEC=20000")
	end := p.start(cmd)
	expect := func(wanted string, others ...string) {
		t.Helper()
		deadline := time.After(time.Minute)
		for {
			select {
			case message := <-heard:
				if message == wanted {
					return
				}
				if len(others) == 0 || message != others[0] {
					t.Fatalf("heard %q before %q", message, wanted)
				}
			case <-deadline:
				t.Fatalf("never heard %q", wanted)
			}
		}
	}
	expect("READY=1")
	expect("WATCHDOG=1")
	end()
	expect("STOPPING=1", "WATCHDOG=1")
}

func TestAnEndpointThatIsTakenOverEndsItsProvider(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := command(t, "serve", increments, "--run-dir", p.runDir())
	stdout, err := first.StdoutPipe()
	if err == nil {
		err = first.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer first.Process.Kill()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "READY\n" {
		t.Fatalf("the provider said %q, %v", line, err)
	}
	if err := os.Remove(filepath.Join(p.runDir(), "increment.sock")); err != nil {
		t.Fatal(err)
	}
	p.serve(increments)
	// Once it has looked.
	_ = first.Wait()
	if code := first.ProcessState.ExitCode(); code != 10 {
		t.Errorf("it ended with %d", code)
	}
	p.call("increment", "1")
}

func TestAProviderWaitsForTheEndOfTheOneBefore(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	end := p.serve(increments)
	second := command(t, "serve", "--run-dir", p.runDir(), increments, "--wait=60")
	stderr, err := second.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := second.StdoutPipe()
	if err == nil {
		err = second.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if !strings.Contains(line, "waiting up to 60 s") {
		t.Errorf("the second said %q, %v", line, err)
	}
	p.call("increment", "1").text(t)
	end()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "READY\n" {
		t.Errorf("the second said %q, %v", line, err)
	}
	p.call("increment", "1").text(t)
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := second.Wait(); err != nil {
		t.Error(err)
	}
}

func TestALogThatNobodyReadsHoldsUpNeitherAnswersNorTheEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	// Full to the last byte.
	fd := int(writer.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} {
		for err = nil; err == nil; {
			_, err = syscall.Write(fd, make([]byte, size))
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	server := command(t, "serve", "--run-dir", p.runDir(), increments)
	server.Stderr = writer
	stdout, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "READY\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	for range 5 {
		// Its refusal is worth a line of the log.
		p.call("increment", "1", "--auth-token=7")
		p.call("increment", "1").text(t)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
	_ = writer.Close()
}

func TestARefusalBecauseOfTheUserSaysSo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	t.Parallel()
	p := newPlace(t)
	var log bytes.Buffer
	server := command(t, "serve", increments, "--run-dir", p.runDir())
	server.Stderr = &log
	stdout, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "READY\n" {
		t.Fatalf("the provider said %q, %v", line, err)
	}
	for path, mode := range map[string]os.FileMode{
		p.dir: 0o711, p.runDir(): 0o711, filepath.Join(p.runDir(), "increment.sock"): 0o666,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	// The program itself may be where others have no way to: it is opened before.
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	call := command(t, "call", "increment", "1", "--run-dir", p.runDir())
	call.Path, call.ExtraFiles = "/proc/self/fd/3", []*os.File{program}
	call.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	ends(t, call).failed(t, 4, "auth failed", "user 0 runs the server, and user 65534 this process")
	_ = server.Process.Signal(syscall.SIGTERM)
	_ = server.Wait()
	if !strings.Contains(log.String(), "its user may not connect, whatever its token") || !strings.Contains(log.String(), "uid 65534") {
		t.Errorf("the server says %s", log.String())
	}
}
