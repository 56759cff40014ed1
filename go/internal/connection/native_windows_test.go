package connection_test

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/windows"
)

func init() {
	profileRows = append(profileRows,
		profileRow{"pipe", windows.New(), protocol.ProfileBaseline, transport.LinkPipe},
		profileRow{"hybrid", windows.New(), protocol.ProfileBaseline | protocol.ProfileSHMHybrid, transport.LinkSharedMemory},
		profileRow{"busy wait", windows.New(), allProfiles, transport.LinkSharedMemory},
	)
}
