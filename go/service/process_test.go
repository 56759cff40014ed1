package service_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// noticed is how soon a peer's death is noticed at the latest.
const noticed = 200 * time.Millisecond

// What this binary is when a test starts it again.
const (
	roleVariable = "NETIPC_TEST_ROLE"
	roleServer   = "server"
	roleClient   = "client"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(act(role))
	}
	os.Exit(m.Run())
}

// act plays a role until its input ends, so that nothing outlives the test.
func act(role string) int {
	profiles, err := strconv.ParseUint(os.Args[2], 10, 32)
	if err != nil {
		return 2
	}
	switch dir := os.Args[1]; role {
	case roleServer, roleStarved, roleLean:
		config := service.ServerConfig{SupportedProfiles: uint32(profiles), AuthToken: services.Token}
		if role == roleLean {
			config.MaxResponsePayloadBytes = longest
		}
		server := increment.NewServer(dir, "svc", config,
			increment.Handler{Handle: func(n uint64) (uint64, bool) {
				if n == stuck {
					fmt.Println("stuck")
					select {}
				}
				return n + 1, true
			}})
		if server.Bind() != nil {
			return 1
		}
		if role == roleStarved {
			if err := playStarved(server, dir); err != nil {
				fmt.Println(err)
				return 1
			}
		}
		if role == roleLean {
			if err := playLean(); err != nil {
				fmt.Println(err)
				return 1
			}
		}
		served := make(chan error)
		go func() { served <- server.Run() }()
		defer func() {
			server.Stop()
			<-served
		}()
	case roleClient:
		client := increment.NewClient(dir, "svc", service.ClientConfig{SupportedProfiles: uint32(profiles), AuthToken: services.Token})
		defer client.Close()
		client.Refresh()
		if _, err := client.Call(1); err != nil {
			return 1
		}
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// stuck is a number that a server in a process of its own never answers.
const stuck = 13

// actor is this binary in another process.
type actor struct {
	w     *services.World
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
	// Whether it does not run just now.
	frozen bool
}

func start(w *services.World, role string, profiles uint32) *actor {
	w.Helper()
	cmd := exec.Command(os.Args[0], w.Dir, strconv.FormatUint(uint64(profiles), 10))
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	stdin, err := cmd.StdinPipe()
	w.No(err)
	stdout, err := cmd.StdoutPipe()
	w.No(err)
	w.No(cmd.Start())
	a := &actor{w: w, cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
	w.Cleanup(a.end)
	a.expect("ready")
	return a
}

func (a *actor) expect(line string) {
	a.w.Helper()
	if !a.lines.Scan() || a.lines.Text() != line {
		a.w.Fatalf("said %q, want %q", a.lines.Text(), line)
	}
}

// kill ends the process without a word.
func (a *actor) kill() {
	a.w.Helper()
	a.w.No(a.cmd.Process.Kill())
	_ = a.cmd.Wait()
}

// freeze stops the process where it is, until it is thawed or the test ends.
func (a *actor) freeze() {
	a.w.Helper()
	freeze(a.w, a.cmd.Process)
	a.frozen = true
}

func (a *actor) thaw() {
	a.w.Helper()
	thaw(a.w, a.cmd.Process)
	a.frozen = false
}

func (a *actor) end() {
	if a.frozen {
		a.thaw()
	}
	_ = a.stdin.Close()
	_ = a.cmd.Wait()
}

func eachPlane(t *testing.T, check func(w *services.World, profiles uint32)) {
	for _, world := range nativeWorlds {
		t.Run(world.name, func(t *testing.T) {
			check(services.NewWorld(t, world.backend(), world.profiles), world.profiles)
		})
	}
}

func TestDefect07ADeadServerIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	eachPlane(t, func(w *services.World, profiles uint32) {
		var c *increment.Client
		conformance.Prompt(t, noticed, "the failure", func() time.Duration {
			server := start(w, roleServer, profiles)
			c = w.Incrementer()
			call := make(chan error, 1)
			go func() {
				_, err := c.Call(stuck)
				call <- err
			}()
			server.expect("stuck")
			server.kill()
			return conformance.Timed(func() { w.Fails(<-call, service.ErrDisconnected) })
		})
		if c.Ready() {
			w.Fatal("nobody is there")
		}
		// A successor takes away what was left, and the client finds it.
		successor := start(w, roleServer, profiles)
		services.Connected(w, c)
		if n, err := c.Call(1); n != 2 || err != nil {
			w.Fatal(n, err)
		}
		w.No(c.Close())
		successor.end()
		w.Files(0)
	})
}

func TestACallSurvivesARestartOfItsServer(t *testing.T) {
	t.Parallel()
	eachPlane(t, func(w *services.World, profiles uint32) {
		server := start(w, roleServer, profiles)
		c := w.Incrementer()
		for n := range uint64(3) {
			server.kill()
			server = start(w, roleServer, profiles)
			if got, err := c.Call(n); got != n+1 || err != nil {
				w.Fatal(got, err)
			}
		}
		if got := c.Counters(); got.Reconnects != 3 || got.Retries != 3 || got.Errors != 0 {
			w.Fatalf("%+v", got)
		}
	})
}

func TestDefect06ADeadClientLeavesItsSlot(t *testing.T) {
	t.Parallel()
	eachPlane(t, func(w *services.World, profiles uint32) {
		config := w.ServerConfig()
		w.Serve(increment.NewServerWithWorkers(w.Dir, "svc", config, increment.Handler{Handle: increment.Next}, 1))
		// A session that takes its time has waited for the slot.
		conformance.Prompt(t, noticed, "getting the slot", func() time.Duration {
			client := start(w, roleClient, profiles)
			client.kill()
			return conformance.Timed(func() {
				c := w.Incrementer()
				if n, err := c.Call(1); n != 2 || err != nil {
					w.Fatal(n, err)
				}
				w.No(c.Close())
			})
		})
	})
}

func TestSessionsLeaveNoHandlesBehind(t *testing.T) {
	eachPlane(t, func(w *services.World, _ uint32) {
		life := func() {
			server := w.Serve(incrementServer(w, w.ServerConfig()))
			c := w.Incrementer()
			if n, err := c.Call(1); n != 2 || err != nil {
				w.Fatal(n, err)
			}
			server.Finish()
			w.No(c.Close())
		}
		life()
		before := handles(w)
		for range 5 {
			life()
		}
		// What the runtime keeps for polling may come once; a leak comes every time.
		pause := transport.Timeout(conformance.Soon)
		for handles(w) > before {
			w.No(pause.Sleep(time.Millisecond))
		}
	})
}
