package kinds

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

// snapshot is a kind that is asked for nothing and answers a header H and all items I.
type snapshot[R, H any, I protocol.Encoder, B any, BP snapshotBuilder[I, B]] struct {
	service *service.Service[protocol.CgroupsRequest, R]
	// The fields that an item of a document must have.
	keys []string
	// What an item of a document says unless it says otherwise.
	usual I
	// How flags are shown, which have no type.
	flags flags
	// The header, the generation, and the number of items of a reply.
	parts func(*R) (H, uint64, uint32)
	// An item of a reply; it fails with what is wrong with it.
	item func(*R, uint32) (I, error)
	// What sets the header of an answer.
	setHeader func(*B, H, uint64)
	// What fills in fields of an item that a document has not.
	complete func(item *I, has func(string) bool)
}

// snapshotBuilder is the builder of a snapshot, by its address.
type snapshotBuilder[I, B any] interface {
	*B
	Start([]byte) error
	Push(I) error
	Finish() (int, error)
}

func (s *snapshot[R, H, I, B, BP]) Name() string { return s.service.Name }

func (s *snapshot[R, H, I, B, BP]) Itself() (service.Handler, bool) { return service.Handler{}, false }

func (s *snapshot[R, H, I, B, BP]) Ask(_ [][]byte, given bool) (Question, error) {
	if given {
		return nil, errNoKeys(s.service.Name)
	}
	return func(runDir string, config service.ClientConfig) Asker {
		client := service.NewClient(s.service, runDir, s.service.Name, config)
		return Asker{client, func(ms uint32) (*Reply, error) {
			reply, err := client.CallWithTimeout(protocol.CgroupsRequest{}, ms)
			if err != nil {
				return nil, err
			}
			return s.shown(&reply)
		}}
	}, nil
}

func (s *snapshot[R, H, I, B, BP]) shown(reply *R) (*Reply, error) {
	header, generation, count := s.parts(reply)
	columns := columnsOf[I](nil, s.flags)
	rows := [][]string{columns.head()}
	items := make([]I, count)
	for i := range items {
		// Items of a snapshot are checked one by one.
		var err error
		if items[i], err = s.item(reply, uint32(i)); err != nil {
			return nil, &service.Failure{Kind: service.FailureProtocol, Cause: err}
		}
		rows = append(rows, columns.row(&items[i], &items[i], false))
	}
	return &Reply{
		JSON:    documentOf(s.service.Name, generation, header, items),
		Rows:    rows,
		Summary: summary(len(items), generation, header),
	}, nil
}

// all is what a snapshot says.
type all[H, I any] struct {
	header     H
	generation uint64
	items      []I
}

func (s *snapshot[R, H, I, B, BP]) Read(document []byte) (Content, error) {
	var header H
	list, err := readList(document, namesOf[H]()...)
	if err == nil {
		err = readFields(document, &header)
	}
	if err != nil {
		return nil, err
	}
	items := make([]I, len(list.Items))
	for i, raw := range list.Items {
		items[i] = s.usual
		if err = readObject(raw, &items[i], s.keys); err == nil {
			s.complete(&items[i], func(field string) bool { return has(raw, field) == nil })
			err = sendable(items[i])
		}
		if err != nil {
			return nil, cannotBeServed(i, err)
		}
	}
	return all[H, I]{header, list.Generation, items}, nil
}

func (s *snapshot[R, H, I, B, BP]) Serve(contents []Content, now func() int) service.Handler {
	built := service.Builder[protocol.CgroupsRequest, B]{
		Start:  func(b *B, _ *protocol.CgroupsRequest, buf []byte) error { return BP(b).Start(buf) },
		Finish: func(b *B) (int, error) { return BP(b).Finish() },
	}
	handle := func(_ *protocol.CgroupsRequest, answer *B) error {
		known, found := chosen[all[H, I]](contents, now)
		if !found {
			return errSilent
		}
		s.setHeader(answer, known.header, known.generation)
		for _, item := range known.items {
			if err := BP(answer).Push(item); err != nil {
				return err
			}
		}
		return nil
	}
	return service.BuilderHandler(s.service.Method, protocol.DecodeCgroupsRequest, built, handle)
}
