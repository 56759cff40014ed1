//go:build windows

package windows

import (
	"errors"
	"fmt"
	"time"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

const (
	// attachPatience is how long a server of another make may take to make the region that it has
	// announced.
	attachPatience = 500 * time.Millisecond
	// attachRetry is how often to look meanwhile.
	attachRetry = 5 * time.Millisecond
)

var errPlanTooLarge = errors.New("the limits exceed what a region can hold")

// region is a mapped region that is ready for use, with its events. Its names are gone with the last
// handle of either side.
type region struct {
	mapping           mapping
	request, response slot
	plan              transport.SessionPlan
	spinTries         int
}

// createRegion makes the region of a session for the server, complete on return. A failure leaves
// nothing behind.
func createRegion(endpoint transport.Endpoint, plan transport.SessionPlan) (*region, error) {
	areas, fits := planLayout(plan)
	if !fits {
		return nil, errPlanTooLarge
	}
	name, err := objectName(endpoint, plan, "mapping")
	if err != nil {
		return nil, err
	}
	memory, err := createMapping(name, areas.size())
	if err != nil {
		return nil, fmt.Errorf("cannot create the region %s: %w", name, err)
	}
	// All but the header was never written and so reads as 0.
	header := areas.encode(plan.Profile)
	copy(memory.bytes, header[:])
	made := newRegion(memory, areas, plan)
	if err := made.addEvents(endpoint, createEvent); err != nil {
		made.close()
		return nil, err
	}
	return made, nil
}

// attachRegion attaches the region that the server has announced, waiting a little for servers that make
// it late. hungUp tells whether the server is gone. It fails with a [*transport.AttachError].
func attachRegion(endpoint transport.Endpoint, plan transport.SessionPlan, w transport.Wait, hungUp func() bool) (*region, error) {
	name, err := objectName(endpoint, plan, "mapping")
	if err != nil {
		return nil, &transport.AttachError{Profile: plan.Profile, Region: endpoint.String(), Kind: transport.ErrUnusable, Why: err.Error()}
	}
	patience := transport.Timeout(attachPatience)
	for {
		attached, err := openRegion(endpoint, name, plan)
		if err == nil {
			return attached, nil
		}
		if hungUp() {
			return nil, &transport.AttachError{Profile: plan.Profile, Region: name, Kind: transport.ErrHungUp}
		}
		// The events may be gone before the mapping is, when a server closes.
		if !errors.Is(err, win.ERROR_FILE_NOT_FOUND) || patience.Check() != nil {
			return nil, &transport.AttachError{Profile: plan.Profile, Region: name, Kind: transport.ErrUnusable, Why: err.Error()}
		}
		if err := w.Sleep(attachRetry); err != nil {
			return nil, &transport.AttachError{Profile: plan.Profile, Region: name, Kind: err}
		}
	}
}

func openRegion(endpoint transport.Endpoint, name string, plan transport.SessionPlan) (*region, error) {
	memory, err := openMapping(name)
	if err != nil {
		return nil, err
	}
	if len(memory.bytes) < regionHeader {
		memory.unmap()
		return nil, permanentFlaw("it is shorter than its header")
	}
	// One copy, and only the copy is looked at: the header may change under us.
	var header [regionHeader]byte
	copy(header[:], memory.bytes)
	areas, err := decodeLayout(&header, uint64(len(memory.bytes)), plan)
	if err != nil {
		memory.unmap()
		return nil, err
	}
	attached := newRegion(memory, areas, plan)
	if err := attached.addEvents(endpoint, openEvent); err != nil {
		attached.close()
		return nil, err
	}
	return attached, nil
}

func newRegion(memory mapping, areas layout, plan transport.SessionPlan) *region {
	return &region{
		mapping: memory,
		request: slot{
			seq: memory.long(requestSeq), len: memory.word(requestLen),
			closed: memory.word(clientClosed), waiting: memory.word(serverWaiting),
			area: memory.bytes[areas.request.offset:areas.request.end():areas.request.end()],
		},
		response: slot{
			seq: memory.long(responseSeq), len: memory.word(responseLen),
			closed: memory.word(serverClosed), waiting: memory.word(clientWaiting),
			area: memory.bytes[areas.response.offset:areas.response.end():areas.response.end()],
		},
		plan:      plan,
		spinTries: int(areas.spinTries),
	}
}

// addEvents gets the events of a region that has any.
func (r *region) addEvents(endpoint transport.Endpoint, get func(name string) (win.Handle, error)) error {
	if r.plan.Profile != profileHybrid {
		return nil
	}
	for _, of := range [...]struct {
		part string
		slot *slot
	}{{"req_event", &r.request}, {"resp_event", &r.response}} {
		name, err := objectName(endpoint, r.plan, of.part)
		if err == nil {
			of.slot.event, err = get(name)
		}
		if err != nil {
			return fmt.Errorf("cannot get the event %s: %w", name, err)
		}
	}
	return nil
}

// close unmaps the region and closes its handles. Closing again does nothing.
func (r *region) close() {
	closeHandle(r.request.event)
	closeHandle(r.response.event)
	r.request, r.response = slot{}, slot{}
	r.mapping.unmap()
}

func objectName(endpoint transport.Endpoint, plan transport.SessionPlan, part string) (string, error) {
	return endpoint.ObjectName(plan.AuthToken, plan.Profile, plan.SessionID, part)
}

// createEvent makes an event under a name that nobody has, which resets itself and is not set.
func createEvent(name string) (win.Handle, error) {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	security, err := private()
	if err != nil {
		return 0, err
	}
	const resetsItself, notSet = 0, 0
	handle, err := win.CreateEvent(security, resetsItself, notSet, path)
	if err != nil {
		// Also where there is one of that name, which is not ours.
		closeHandle(handle)
		return 0, err
	}
	return handle, nil
}

// openEvent opens an event that somebody else has made.
func openEvent(name string) (win.Handle, error) {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	return win.OpenEvent(win.EVENT_MODIFY_STATE|win.SYNCHRONIZE, false, path)
}
