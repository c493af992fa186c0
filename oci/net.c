/* See net.h. The one message of this version has no attributes; tests/unit/test-net.c holds it equal,
 * byte for byte, to what libmnl builds. libmnl itself is not linked: it has no static archive to put
 * into cpod-oci, and a shared one costs every start more than the message does. */
#include "net.h"

#include <net/if.h>
#include <string.h>

void
cpod_net_loopback_up (struct cpod_net_message *ret_message)
{
	memset (ret_message, 0, sizeof (*ret_message));
	ret_message->header.nlmsg_len = sizeof (*ret_message);
	ret_message->header.nlmsg_type = RTM_NEWLINK;
	ret_message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ret_message->header.nlmsg_seq = 1;
	ret_message->info.ifi_family = AF_UNSPEC;
	ret_message->info.ifi_index = 1;
	ret_message->info.ifi_flags = IFF_UP;
	ret_message->info.ifi_change = IFF_UP;
}
