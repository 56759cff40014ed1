//go:build linux

package posix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// counters are the words of a region: the counts, then lengths and signals.
func counters(t *testing.T, region []byte, want [6]uint64) {
	t.Helper()
	var got [6]uint64
	le := binary.LittleEndian
	got[0], got[1] = le.Uint64(region[32:]), le.Uint64(region[40:])
	for i, at := range [...]int{48, 52, 56, 60} {
		got[2+i] = uint64(le.Uint32(region[at:]))
	}
	if got != want {
		t.Errorf("the words are %v, want %v", got, want)
	}
}

func (s *stage) read() []byte {
	s.Helper()
	if s.memory == nil {
		bytes, err := os.ReadFile(s.region())
		s.no(err)
		return bytes
	}
	info, err := s.memory.Stat()
	s.no(err)
	bytes := make([]byte, info.Size())
	_, err = s.memory.ReadAt(bytes, 0)
	s.no(err)
	return bytes
}

// Rule W15.
func TestRegionIsCompleteWhenItIsOffered(t *testing.T) {
	s := newStage(t)
	_, server := s.baselines()
	s.no(server.Offer(plan(1)))
	region := s.read()
	generation := binary.LittleEndian.Uint32(region[12:])
	want := append(goodHeader(int32(os.Getpid()), generation), make([]byte, 8384-64)...)
	if generation == 0 || !bytes.Equal(region, want) {
		t.Errorf("the region begins with % x", region[:64])
	}
	info, err := os.Stat(s.region())
	s.no(err)
	if info.Mode() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
}

func TestMessageIsPublishedToTheByte(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	s.keep()
	s.no(client.Send([]byte("head"), []byte("body"), soon()))
	region := s.read()
	counters(t, region, [6]uint64{1, 0, 8, 0, 1, 0})
	if string(region[64:72]) != "headbody" {
		t.Errorf("%q was published", region[64:72])
	}
	s.hear(server, "headbody")
	s.say(server, "answer")
	region = s.read()
	counters(t, region, [6]uint64{1, 1, 8, 6, 1, 1})
	if string(region[4224:4230]) != "answer" {
		t.Errorf("%q was published", region[4224:4230])
	}
}

// Rule L32.
func TestTheNameOfARegionGoesWithTheFirstMessage(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	if names := s.names(); len(names) != 1 {
		t.Fatalf("before: %v", names)
	}
	s.say(client, "attached")
	s.hear(server, "attached")
	if names := s.names(); len(names) != 0 {
		t.Fatalf("after: %v", names)
	}
	s.say(server, "still here")
	s.hear(client, "still here")
}

// Rule L28.
func TestOneMessageAtATimeInEachDirection(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	busy := func(link transport.Link) { s.is(link.Send([]byte("y"), nil, soon()), transport.ErrBusy) }
	busy(server)
	for range 2 {
		s.say(client, "x")
		busy(client)
		s.hear(server, "x")
		s.say(server, "x")
		busy(server)
		s.hear(client, "x")
	}
}

func TestLinkSaysWhatItIs(t *testing.T) {
	s := newStage(t)
	lopsided := plan(1)
	lopsided.RequestBytes, lopsided.ResponseBytes = 100, 5000
	client, server := s.session(lopsided)
	for i, link := range []transport.Link{client, server} {
		want := transport.LinkInfo{
			Kind:          transport.LinkSharedMemory,
			MaxPacket:     [...]int{100, 5000}[i],
			Window:        1,
			WholeMessages: true,
			Peer:          transport.Peer{}.WithPID(uint32(os.Getpid())).WithUID(uint32(os.Getuid())),
		}
		if info := link.Info(); info != want || info.Kind.String() != "shm" {
			t.Errorf("%+v, want %+v", info, want)
		}
	}
}

func TestForeignRegionIsTakenUpWhereItStands(t *testing.T) {
	s := newStage(t)
	baseline, _ := s.baselines()
	// Larger than agreed, with a gap between the areas, and in use before.
	header := goodHeader(1, 1)
	for i, word := range []uint32{128, 8192, 16384, 8192} {
		binary.LittleEndian.PutUint32(header[16+4*i:], word)
	}
	header[32], header[40] = 7, 6
	s.writeRegion(regionName, header, 40000)
	s.keep()
	client, err := baseline.Attach(plan(1), soon())
	s.no(err)
	defer client.Close()
	var large *transport.TooLargeError
	if err := client.Send(make([]byte, 4129), nil, soon()); !errors.As(err, &large) || large.Limit != 4128 {
		t.Errorf("the agreed limit counts: %v", err)
	}
	message := strings.Repeat("x", 4128)
	s.say(client, message)
	region := s.read()
	counters(t, region, [6]uint64{8, 6, 4128, 0, 1, 0})
	if string(region[128:128+4128]) != message {
		t.Error("another message was published")
	}
	s.overwrite(16384, []byte("answer"))
	s.overwrite(52, []byte{6})
	s.overwrite(40, []byte{7})
	s.hear(client, "answer")
}

func TestRegionThatComesLateIsAttached(t *testing.T) {
	s := newStage(t)
	baseline, _ := s.baselines()
	attached := make(chan error)
	go func() {
		link, err := baseline.Attach(plan(1), soon())
		if err == nil {
			err = link.Close()
		}
		attached <- err
	}()
	for _, size := range []int64{0, 10, 64, 8384} {
		// As a server would that is slow: the header comes before the size.
		s.writeRegion("new", goodHeader(1, 1), size)
		s.no(os.Rename(s.path("new"), s.region()))
	}
	s.no(<-attached)
}

func TestWhatWillNeverBeARegionIsRefusedAtOnce(t *testing.T) {
	for name, leave := range map[string]func(*stage){
		"another version": func(s *stage) {
			header := goodHeader(1, 1)
			header[4] = 4
			s.writeRegion(regionName, header, 8384)
		},
		"too small": func(s *stage) {
			header := goodHeader(1, 1)
			binary.LittleEndian.PutUint32(header[28:], 4096)
			s.writeRegion(regionName, header, 8384)
		},
		"a link": func(s *stage) {
			s.writeRegion("elsewhere", goodHeader(1, 1), 8384)
			s.no(os.Symlink("elsewhere", s.region()))
		},
		"a FIFO": func(s *stage) { s.no(unix.Mkfifo(s.region(), 0o600)) },
	} {
		var s *stage
		var client transport.Baseline
		err := newStage(t).prompt(400*time.Millisecond, func() error {
			s = newStage(t)
			client, _ = s.baselines()
			leave(s)
			_, err := client.Attach(plan(1), soon())
			return err
		})
		var failed *transport.AttachError
		if !errors.As(err, &failed) || failed.Kind != transport.ErrUnusable || failed.Region != s.region() {
			t.Errorf("%s: %v", name, err)
		}
		s.is(client.Check(), transport.ErrClosed)
	}
}

func TestSpoiltCountersAndLengthsEndTheSession(t *testing.T) {
	for name, row := range map[string]struct {
		at    int64
		bytes []byte
	}{
		"a length of 0":            {48, []byte{0, 0, 0, 0}},
		"a length beyond the area": {48, []byte{0x41, 0x10, 0, 0}},
		"the largest length":       {48, []byte{255, 255, 255, 255}},
		"a message too many":       {32, []byte{2}},
		"a counter that goes back": {32, []byte{255, 255, 255, 255, 255, 255, 255, 255}},
	} {
		s := newStage(t)
		client, server := s.session(plan(1))
		s.keep()
		s.say(client, "x")
		s.overwrite(row.at, row.bytes)
		if err := receive(server, soon()); !errors.Is(err, transport.ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDataBesideTheRegionEndsTheSession(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	s.no(unix.Send(fd(client), []byte("x"), unix.MSG_NOSIGNAL))
	s.is(receive(server, soon()), transport.ErrProtocol)
	s.is(server.Check(), transport.ErrProtocol)
}

func TestALiveRegionOfTheSameNameIsLeftAlone(t *testing.T) {
	s := newStage(t)
	client, server := s.baselines()
	s.writeRegion(regionName, goodHeader(1, 1), 8384)
	before := s.read()
	if err := server.Offer(plan(1)); err == nil {
		t.Fatal("a live region of the same name was replaced")
	}
	if !bytes.Equal(s.read(), before) {
		t.Error("a live region was changed")
	}
	s.say(client, "the baseline goes on")
	s.hear(server.Switch(), "the baseline goes on")
}

func TestWhatIsStaleAtTheNameOfARegionIsReplaced(t *testing.T) {
	for name, leave := range map[string]func(*stage){
		"a stale region": func(s *stage) { s.writeRegion(regionName, goodHeader(1, 0), 8384) },
		"a FIFO":         func(s *stage) { s.no(unix.Mkfifo(s.region(), 0o600)) },
	} {
		s := newStage(t)
		client, server := s.baselines()
		leave(s)
		if err := s.timed(0, atOnce, func() error { return server.Offer(plan(1)) }); err != nil {
			t.Errorf("%s is not replaced: %v", name, err)
			continue
		}
		link, err := client.Attach(plan(1), soon())
		s.no(err)
		s.no(link.Close())
	}
}

func TestLimitsThatNoRegionCanHaveAreRefused(t *testing.T) {
	s := newStage(t)
	_, server := s.baselines()
	for _, sizes := range [][2]uint64{{1<<64 - 1, 64}, {64, 1<<64 - 1}, {1 << 32, 64}, {1 << 31, 1 << 31}} {
		huge := plan(1)
		huge.RequestBytes, huge.ResponseBytes = sizes[0], sizes[1]
		if err := server.Offer(huge); err == nil {
			t.Errorf("%v was offered", sizes)
		}
		if left := s.names(); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestOnlyTheOwnRegionIsRemoved(t *testing.T) {
	s := newStage(t)
	_, server := s.session(plan(1))
	s.no(os.Remove(s.region()))
	s.no(os.WriteFile(s.region(), []byte("somebody else's"), 0o600))
	s.no(server.Close())
	if string(s.read()) != "somebody else's" {
		t.Error("it was changed")
	}
}

func TestOwnRegionInUseSurvivesANewListener(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	s.bind(transport.BindOptions{})
	if len(s.read()) != 8384 {
		t.Error("it was changed")
	}
	s.say(client, "x")
	s.hear(server, "x")
}

func TestSpinningCanBeTuned(t *testing.T) {
	for _, spin := range []time.Duration{-1, 0, time.Microsecond, 10 * time.Millisecond} {
		s := newStage(t)
		tuned := posix.New().WithSpin(spin)
		listener, err := tuned.Bind(s.endpoint, transport.BindOptions{})
		s.no(err)
		defer listener.Close()
		left, err := tuned.Connect(s.endpoint, soon())
		s.no(err)
		right := s.accept(listener)
		hybrid := plan(1)
		hybrid.Profile = 0x02
		s.no(right.Offer(hybrid))
		client, err := left.Attach(hybrid, soon())
		s.no(err)
		defer client.Close()
		server := right.Switch()
		defer server.Close()
		for range 3 {
			s.say(client, "x")
			s.hear(server, "x")
			s.say(server, "y")
			s.hear(client, "y")
			s.is(receive(client, transport.Timeout(time.Millisecond)), transport.ErrTimeout)
		}
	}
}
