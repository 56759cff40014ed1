//go:build linux

package posix

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// procTicks are the ticks of a second in /proc, the same on every platform that Linux calls by this
// interface.
const procTicks = 100

// isAlive tells whether a process with this id exists, ours to signal or not.
func isAlive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := unix.Kill(pid, 0)
	return err == nil || err == unix.EPERM
}

// processInfo tells whether a process has ended, and nobody has asked how, and when it was started by the
// clock of today. It tells nothing where that cannot be known.
func processInfo(pid int) (ended bool, started time.Time, known bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false, time.Time{}, false
	}
	state, ticks, whole := parseStat(string(stat))
	var uptime unix.Timespec
	if !whole || unix.ClockGettime(unix.CLOCK_BOOTTIME, &uptime) != nil {
		return false, time.Time{}, false
	}
	boot := time.Now().Add(-time.Duration(uptime.Nano()))
	ended = state == "Z" || state == "X" || state == "x"
	return ended, boot.Add(time.Duration(ticks) * time.Second / procTicks), true
}

// parseStat returns the state, and the ticks between boot and start. The name before them may hold
// anything, also brackets.
func parseStat(stat string) (state string, ticks uint64, whole bool) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", 0, false
	}
	ticks, err := strconv.ParseUint(fields[19], 10, 64)
	return fields[0], ticks, err == nil
}

// holdersOf returns the processes that have a socket open which takes connections at any of these paths, as
// far as we may look into them.
func holdersOf(paths ...string) []int {
	// accepts is of a socket that takes connections.
	const accepts = "00010000"
	table, _ := os.ReadFile("/proc/net/unix")
	wanted := map[string]bool{}
	for line := range bytes.SplitSeq(table, []byte{'\n'}) {
		// Num RefCount Protocol Flags Type St Inode Path
		fields := strings.SplitN(string(line), " ", 8)
		if len(fields) == 8 && fields[3] == accepts && slices.Contains(paths, fields[7]) {
			wanted["socket:["+fields[6]+"]"] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var holders []int
	processes, _ := os.ReadDir("/proc")
	for _, process := range processes {
		pid, err := strconv.Atoi(process.Name())
		if err == nil && holdsAny(pid, wanted) {
			holders = append(holders, pid)
		}
	}
	slices.Sort(holders)
	return holders
}

func holdsAny(pid int, wanted map[string]bool) bool {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	files, _ := os.ReadDir(dir)
	return slices.ContainsFunc(files, func(file os.DirEntry) bool {
		target, err := os.Readlink(dir + file.Name())
		return err == nil && wanted[target]
	})
}
