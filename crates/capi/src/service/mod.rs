//! `netipc/netipc_service.h`: clients, servers, and the cache.
