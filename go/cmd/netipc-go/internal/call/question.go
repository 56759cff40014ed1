package call

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/documents"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/service/string_reverse"
)

// question is what is asked, of a service, with keys: it makes whoever asks it.
type question func(runDir string, config service.ClientConfig) asker

// asker is a client with its question.
type asker struct {
	client
	// ask asks once, within so many milliseconds.
	ask func(ms uint32) (document, error)
}

// client is a client of any service.
type client interface {
	RefreshContext(context.Context) bool
	Ready() bool
	OpenError() error
	Status() service.ClientStatus
	Close() error
}

func newQuestion(name string, given []string, stdin io.Reader) (question, error) {
	asked, any, err := keys(given, stdin)
	if err != nil {
		return nil, err
	}
	switch name {
	case documents.Snapshots:
		if any {
			return nil, cli.Fail(cli.Usage, "cgroups-snapshot takes no keys")
		}
		return snapshot, nil
	case documents.Cgroups:
		if !any {
			return nil, cli.Fail(cli.Usage, "give paths of cgroups, or - to read them from stdin")
		}
		return cgroups(asked), nil
	case documents.Apps:
		if !any {
			return nil, cli.Fail(cli.Usage, "give process ids, or - to read them from stdin")
		}
		return apps(asked)
	case documents.Increment:
		return next(asked)
	case documents.Reverse:
		if len(asked) != 1 {
			return nil, cli.Fail(cli.Usage, "give one text, not %d", len(asked))
		}
		return reverse(asked[0]), nil
	}
	return nil, cli.Fail(cli.Usage, "there is no service %q: use one of %s", name, strings.Join(documents.Services, ", "))
}

func snapshot(runDir string, config service.ClientConfig) asker {
	client := cgroups_snapshot.NewClient(runDir, documents.Snapshots, config)
	return asker{client, func(ms uint32) (document, error) {
		view, err := client.CallSnapshotWithTimeout(ms)
		if err != nil {
			return document{}, err
		}
		// Items of a snapshot are checked one by one.
		reply, err := documents.SnapshotOf(view)
		if err != nil {
			return document{}, &service.Failure{Kind: service.FailureProtocol, Cause: err}
		}
		return snapshotDocument(reply), nil
	}}
}

func cgroups(paths [][]byte) question {
	return func(runDir string, config service.ClientConfig) asker {
		client := cgroups_lookup.NewClient(runDir, documents.Cgroups, config)
		return asker{client, func(ms uint32) (document, error) {
			view, err := client.CallWithTimeout(paths, ms)
			if err != nil {
				return document{}, err
			}
			return cgroupsDocument(documents.CgroupsOf(view)), nil
		}}
	}
}

func apps(keys [][]byte) (question, error) {
	pids := make([]uint32, len(keys))
	for i, key := range keys {
		pid, err := number(key, 32, "a process id")
		if err != nil {
			return nil, err
		}
		pids[i] = uint32(pid)
	}
	return func(runDir string, config service.ClientConfig) asker {
		client := apps_lookup.NewClient(runDir, documents.Apps, config)
		return asker{client, func(ms uint32) (document, error) {
			view, err := client.CallWithTimeout(pids, ms)
			if err != nil {
				return document{}, err
			}
			return appsDocument(documents.AppsOf(view)), nil
		}}
	}, nil
}

func next(keys [][]byte) (question, error) {
	if len(keys) != 1 {
		return nil, cli.Fail(cli.Usage, "give one number, not %d", len(keys))
	}
	n, err := number(keys[0], 64, "a number of 64 bits")
	if err != nil {
		return nil, err
	}
	return func(runDir string, config service.ClientConfig) asker {
		client := increment.NewClient(runDir, documents.Increment, config)
		return asker{client, func(ms uint32) (document, error) {
			reply, err := client.CallWithTimeout(n, ms)
			return valueDocument(documents.NumbersOf(n, reply)), err
		}}
	}, nil
}

func reverse(text []byte) question {
	return func(runDir string, config service.ClientConfig) asker {
		client := string_reverse.NewClient(runDir, documents.Reverse, config)
		return asker{client, func(ms uint32) (document, error) {
			reply, err := client.CallWithTimeout(text, ms)
			return valueDocument(documents.TextsOf(text, protocol.CString(reply))), err
		}}
	}
}

// number reads a key that is a number of so many bits.
func number(key []byte, bits int, what string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(string(key)), 10, bits)
	if err != nil {
		return 0, cli.Fail(cli.Usage, "%q is not %s", key, what)
	}
	return n, nil
}
