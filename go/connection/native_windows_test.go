package connection_test

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/windows"
)

func init() {
	baseline, hybrid := uint32(protocol.ProfileBaseline), uint32(protocol.ProfileSHMHybrid)
	profileRows = append(profileRows,
		profileRow{"pipe", windows.New(), baseline, transport.LinkPipe},
		profileRow{"hybrid", windows.New(), baseline | hybrid, transport.LinkSharedMemory},
		profileRow{"busy wait", windows.New(), allProfiles, transport.LinkSharedMemory},
	)
}
