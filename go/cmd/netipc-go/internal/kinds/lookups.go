// Made from services/*.toml by netipc schema generate: change that, not this file.

package kinds

import (
	"github.com/netipc/netipc/go/internal/generated/ip_to_asn"
	"github.com/netipc/netipc/go/internal/generated/pid_traffic"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// lookups are all kinds that are asked with keys.
var lookups = []Kind{
	newLookup[protocol.AppsLookupItemView](&apps_lookup.Service, "pid"),
	newLookup[protocol.CgroupsLookupItemView](&cgroups_lookup.Service, "path"),
	newLookup[ip_to_asn.Item](&ip_to_asn.Service, "address"),
	newLookup[pid_traffic.Item](&pid_traffic.Service, "pid", "starttime"),
}
