// Program enricher_containers says in which container the processes of this machine are, once a second or in every so
// many milliseconds: enricher_containers RUN_DIR [MILLISECONDS]. It asks a provider of cgroups-lookup, such as
// netipc serve, which may come late, restart and vanish.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// region containers

// watch looks at the processes in every interval. A container is kept as long as a process of it lives.
func watch(ctx context.Context, containers *cgroups_lookup.Enricher, interval time.Duration) {
	pinned := map[string]string{}
	for ticks := time.Tick(interval); ctx.Err() == nil; <-ticks {
		live := processes()
		for pid, path := range live {
			if pinned[pid] != path && containers.Pin(path) {
				containers.Unpin(pinned[pid])
				pinned[pid] = path
			}
		}
		for pid, path := range pinned {
			if live[pid] == "" {
				containers.Unpin(path)
				delete(pinned, pid)
			}
		}
		show(containers, pinned)
	}
}

// show counts processes by container. It does no I/O but its output: what is not known yet, is next time.
func show(containers *cgroups_lookup.Enricher, pinned map[string]string) {
	counts, named, without, waiting, stale := map[string]int{}, 0, 0, 0, 0
	for _, path := range pinned {
		found := containers.Get(path)
		switch item, known := found.Item(); {
		case known:
			named++
			counts[item.Name.String()]++
			if found.Stale {
				stale++
			}
		case found.Outcome == service.OutcomeForGood:
			without++
		default:
			waiting++
		}
	}
	fmt.Printf("%d processes: %d in %d containers, %d in none, %d not known, %d stale\n",
		len(pinned), named, len(counts), without, waiting, stale)
}

// endregion

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	interval := time.Second
	if len(os.Args) > 2 {
		interval, _ = time.ParseDuration(os.Args[2] + "ms")
	}
	client := cgroups_lookup.ClientConfig{SupportedProfiles: protocol.ProfileBaseline | protocol.ProfileSHMHybrid}
	containers := cgroups_lookup.NewEnricher(os.Args[1], "cgroups-lookup", client, service.EnricherConfig{})
	defer containers.Close()
	go containers.Run(ctx)
	watch(ctx, containers, max(interval, time.Millisecond))
}

// processes returns the cgroup of every process: of the hierarchy that tells most, where there are several.
func processes() map[string]string {
	live := map[string]string{}
	files, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, file := range files {
		// A process that has ended is none.
		text, _ := os.ReadFile(file)
		longest := ""
		for line := range strings.Lines(string(text)) {
			if parts := strings.SplitN(strings.TrimSpace(line), ":", 3); len(parts) == 3 && len(parts[2]) > len(longest) {
				longest = parts[2]
			}
		}
		if longest != "" {
			live[filepath.Base(filepath.Dir(file))] = longest
		}
	}
	return live
}
