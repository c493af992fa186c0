/* Netlink messages, finished before any clone, for a process that can only send them. */
#ifndef CPOD_OCI_NET_H
#define CPOD_OCI_NET_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

struct cpod_net_message {
	struct nlmsghdr header;
	struct ifinfomsg info;
};

/* RTM_NEWLINK that sets lo (index 1 in every network namespace) up and asks for an answer. rtnetlink(7). */
void cpod_net_loopback_up (struct cpod_net_message *ret_message);

#endif
