package bench

import (
	"bufio"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
)

const (
	// precision is how many bits of a time are kept, as the histogram of netipc bench does: about one
	// in a thousand.
	precision = 11
	half      = 1 << (precision - 1)
	buckets   = (64 - precision + 2) * half
)

// meter measures operations.
type meter struct {
	// period is the time from one operation to the next; 0 is none.
	period     time.Duration
	units, ops uint64
	elapsed    time.Duration
	used       system.Used
	histogram  []uint64
}

// newMeter measures so many operations a second; 0 is as many as possible.
func newMeter(rate uint32) *meter {
	m := &meter{histogram: make([]uint64, buckets)}
	if rate > 0 {
		m.period = time.Second / time.Duration(rate)
	}
	return m
}

// waitForTurn sleeps until the next operation is due, in a schedule that does not drift, and returns the
// time since the beginning.
func (m *meter) waitForTurn(begin time.Time, now time.Duration) time.Duration {
	due := m.period * time.Duration(m.ops)
	if m.period == 0 || now >= due {
		return now
	}
	time.Sleep(due - now)
	return time.Since(begin)
}

// measure does op for so many nanoseconds, at least once. There is one look at the clock for each
// operation, as the Rust client has.
func (m *meter) measure(op *operation, nanos int64) error {
	clear(m.histogram)
	m.units, m.ops = 0, 0
	before, err := system.UsedNow()
	if err != nil {
		return err
	}
	begin := time.Now()
	for now := time.Duration(0); m.ops == 0 || now < time.Duration(nanos); {
		start := m.waitForTurn(begin, now)
		units, err := op.run()
		if err != nil {
			return err
		}
		now = time.Since(begin)
		m.histogram[bucketOf(uint64(now-start))]++
		m.units += units
		m.ops++
		m.elapsed = now
	}
	// To the end of the last period: a rate counts periods, not their beginnings.
	m.elapsed = m.waitForTurn(begin, m.elapsed)
	after, err := system.UsedNow()
	m.used = system.Used{CPU: after.CPU - before.CPU, Switches: after.Switches - before.Switches}
	return err
}

// report prints one line of JSON.
func (m *meter) report(to io.Writer) error {
	out := bufio.NewWriter(to)
	switches := "null"
	if system.CountsSwitches {
		switches = strconv.FormatInt(m.used.Switches, 10)
	}
	fmt.Fprintf(out, `{"units":%d,"ops":%d,"elapsed_ns":%d,"cpu_ns":%d,"switches":%s,"latency":[`,
		m.units, m.ops, m.elapsed, m.used.CPU, switches)
	comma := ""
	for bucket, count := range m.histogram {
		if count > 0 {
			fmt.Fprintf(out, "%s[%d,%d]", comma, bucketEnd(bucket), count)
			comma = ","
		}
	}
	fmt.Fprintln(out, "]}")
	return out.Flush()
}

// bucketOf returns where a time is counted: small ones have a bucket each; above, each power of two has
// half of them.
func bucketOf(nanos uint64) int {
	shift := bits.Len64(nanos >> precision)
	return shift*half + int(nanos>>shift)
}

// bucketEnd returns the longest time that is counted there.
func bucketEnd(bucket int) uint64 {
	if bucket < 2*half {
		return uint64(bucket)
	}
	shift := bucket/half - 1
	first := uint64(bucket - shift*half)
	return (first+1)<<shift - 1
}
