/* The finished netlink message, held against what libmnl builds for the same request. */
#include "oci/net.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
the_message_is_libmnls_to_the_byte (void **state)
{
	char buffer[256] = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header (buffer);
	struct cpod_net_message message;
	struct ifinfomsg *info;

	(void) state;
	header->nlmsg_type = RTM_NEWLINK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_seq = 1;
	info = mnl_nlmsg_put_extra_header (header, sizeof (*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = 1;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	cpod_net_loopback_up (&message);
	assert_int_equal (header->nlmsg_len, sizeof (message));
	assert_memory_equal (buffer, &message, sizeof (message));
}

static void
libmnl_takes_it_for_a_whole_message (void **state)
{
	struct cpod_net_message message;

	(void) state;
	cpod_net_loopback_up (&message);
	assert_true (mnl_nlmsg_ok (&message.header, sizeof (message)));
	assert_false (mnl_nlmsg_ok (&message.header, sizeof (message) - 1));
	assert_int_equal (mnl_nlmsg_get_payload_len (&message.header), sizeof (struct ifinfomsg));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (the_message_is_libmnls_to_the_byte),
		cmocka_unit_test (libmnl_takes_it_for_a_whole_message),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
