package system

import (
	"os"
	"strconv"
	"time"
)

// Supervisor is systemd, or whoever else wants to know that this process is ready, and perhaps that it is
// still alive: it has set NOTIFY_SOCKET.
type Supervisor struct {
	address string
	// Watchdog is how long it waits for a sign of life; 0 where it does not.
	Watchdog time.Duration
}

// SupervisorOf returns the one of an environment. Without one, nothing is told to anybody.
func SupervisorOf(getenv func(string) (string, bool)) Supervisor {
	address, _ := getenv("NOTIFY_SOCKET")
	microseconds, _ := getenv("WATCHDOG_USEC")
	pid, meant := getenv("WATCHDOG_PID")
	return Supervisor{address, watchdog(microseconds, pid, meant, os.Getpid())}
}

// Notify says what. Where it cannot be said, that is no reason not to serve.
func (s Supervisor) Notify(what string) error {
	if s.address == "" {
		return nil
	}
	return notify(s.address, what)
}

// Watch gives signs of life until ended is closed.
func (s Supervisor) Watch(ended <-chan struct{}) {
	if s.Watchdog == 0 || s.address == "" {
		return
	}
	ticker := time.NewTicker(s.Watchdog / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
			// Who does not listen misses it.
			_ = s.Notify("WATCHDOG=1")
		}
	}
}

// watchdog is its period, unless it is meant for another process.
func watchdog(microseconds, pid string, meant bool, own int) time.Duration {
	period, err := strconv.ParseUint(microseconds, 10, 62)
	if number, bad := strconv.Atoi(pid); err != nil || meant && (bad != nil || number != own) {
		return 0
	}
	return time.Duration(min(period, uint64(1<<62)/1000)) * time.Microsecond
}
