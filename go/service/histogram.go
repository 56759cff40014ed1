package service

import (
	"iter"
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// bucketEnds are the upper ends of the buckets, in nanoseconds: six a decade, so that 1, 5, 10, 50,
// 100, 500 and 1000 ms are ends, with what is longer than 10 s behind the last.
var bucketEnds = func() (ends [49]uint64) {
	scale := uint64(1)
	for i := range ends {
		ends[i] = [...]uint64{100, 150, 200, 300, 500, 700}[i%6] * scale
		if i%6 == 5 {
			scale *= 10
		}
	}
	return ends
}()

// buckets are one more than ends: what is longer than the last has a bucket, too.
const buckets = 50

// bucketStarts is where the search for a bucket starts, by the position of the highest bit: no bucket
// before it ends that high.
var bucketStarts = func() (starts [65]uint8) {
	for high := 1; high < len(starts); high++ {
		least, bucket := uint64(1)<<(high-1), starts[high-1]
		for int(bucket) < len(bucketEnds) && bucketEnds[bucket] < least {
			bucket++
		}
		starts[high] = bucket
	}
	return starts
}()

// bucketOf is the bucket of a duration: the first whose end is not below it.
func bucketOf(nanos uint64) int {
	bucket := int(bucketStarts[bits.Len64(nanos)])
	for bucket < len(bucketEnds) && bucketEnds[bucket] < nanos {
		bucket++
	}
	return bucket
}

// histogram counts durations. One goroutine writes, any may read.
type histogram struct {
	counts [buckets]atomic.Uint64
	nanos  atomic.Uint64
}

// record counts one duration.
func (h *histogram) record(d time.Duration) {
	nanos := uint64(max(d, 0))
	add(&h.counts[bucketOf(nanos)], 1)
	add(&h.nanos, nanos)
}

// Histogram is counts of durations at one moment.
type Histogram struct {
	counts [buckets]uint64
	sum    time.Duration
}

func (s *Histogram) add(h *histogram) {
	for i := range s.counts {
		s.counts[i] += h.counts[i].Load()
	}
	s.sum += time.Duration(h.nanos.Load())
}

// Count returns how many durations were counted.
func (s *Histogram) Count() uint64 {
	var count uint64
	for _, n := range s.counts {
		count += n
	}
	return count
}

// Sum returns all durations together.
func (s *Histogram) Sum() time.Duration { return s.sum }

// Buckets returns each bucket's upper end, which it includes, and its count. The last ends at the
// longest duration there is.
func (s *Histogram) Buckets() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for i, count := range s.counts {
			if !yield(bucketEnd(i), count) {
				return
			}
		}
	}
}

// Cumulative returns, for 1, 5, 10, 50, 100, 500 and 1000 ms, how many durations were at most that: each count has
// those before it, as charts and Prometheus want them. What took longer is in Count alone.
func (s *Histogram) Cumulative() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for _, end := range publishedBuckets {
			if !yield(end, s.AtMost(end)) {
				return
			}
		}
	}
}

// AtMost returns how many durations were at most limit, which is exact where a bucket ends: so for 1,
// 5, 10, 50, 100, 500 and 1000 ms.
func (s *Histogram) AtMost(limit time.Duration) uint64 {
	var count uint64
	for end, n := range s.Buckets() {
		if end > limit {
			break
		}
		count += n
	}
	return count
}

// Quantile returns the end of the bucket that the share of the durations (0.5 for the median) lies
// in; false while nothing was counted or where it lies beyond 10 s.
func (s *Histogram) Quantile(share float64) (time.Duration, bool) {
	rank := max(uint64(math.Ceil(min(max(share, 0), 1)*float64(s.Count()))), 1)
	var seen uint64
	for i, count := range s.counts[:len(bucketEnds)] {
		if seen += count; seen >= rank {
			return bucketEnd(i), true
		}
	}
	return 0, false
}

func bucketEnd(i int) time.Duration {
	if i < len(bucketEnds) {
		return time.Duration(bucketEnds[i])
	}
	return math.MaxInt64
}
