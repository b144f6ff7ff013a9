/// What several keys together get wrong: each kind of nonsense is refused with its place and a
/// remedy.
#include "config_text.h"
#include "control/config.h"

#include <gtest/gtest.h>

namespace terminus::control {
namespace {

std::string refusal(const std::string& text) {
    try {
        (void)parse_config(text, "t.toml");
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

struct Wrong {
    const char* name;
    const char* more;     ///< added to `least`, from line 4 on
    const char* message;  ///< the whole line
};
class Validate : public testing::TestWithParam<Wrong> {};

TEST_P(Validate, Refuses) {
    EXPECT_EQ(refusal(std::string{least} + GetParam().more), GetParam().message);
}
constexpr auto by_name = [](const auto& one) { return one.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Appliance, Validate,
    testing::Values(
        Wrong{
            "CpusCount", "[appliance]\nworkers = 2\ncpus = [0, 1]\n",
            "t.toml:6: [appliance].cpus: 2 CPUs for 2 worker(s); name 3: the control core's, then "
            "one per worker"},
        Wrong{"Ip6Flows", "[appliance]\nflows = 100\nip6_flows = 101\n",
              "t.toml:6: [appliance].ip6_flows: more than flows; write at most 100"},
        Wrong{"FlowsOfOneWorker", "[appliance]\nflows = 200_000_000\n",
              "t.toml:5: [appliance].flows: more than 120000000 flows for one worker; lower it or "
              "raise workers"},
        Wrong{"RtoOrder", "[tcp]\nrto_min_ms = 9000\nrto_max_ms = 8000\n",
              "t.toml:5: [tcp].rto_min_ms: more than rto_max_ms; write at most 8000"},
        Wrong{
            "HalfOpen", "[appliance]\nflows = 100\n[tcp]\nhalf_open_flows = 101\n",
            "t.toml:7: [tcp].half_open_flows: more than flows or fewer than workers; write at most "
            "100"},
        Wrong{"WindowScale", "[tcp]\nwindow_scale = 0\n",
              "t.toml:4: [tcp].receive_buffer_bytes: no window of this size can be told with "
              "window_scale 0; write at most 65535, or raise window_scale"},
        Wrong{"MssCeilingTwice",
              "[tcp]\nmss_ceilings = [{prefix = \"10.0.0.0/8\", bytes = 500}, {prefix = "
              "\"10.1.0.0/8\", bytes = 600}]\n",
              "t.toml:5: [tcp].mss_ceilings: 10.0.0.0/8 stands there twice; remove one"},
        Wrong{"MssCeilingNoTable", "[tcp]\nmss_ceilings = [500]\n",
              "t.toml:5: [tcp].mss_ceilings: is an integer; write a list such as [{prefix = "
              "\"198.18.2.0/24\", bytes = 1200}], bytes from 64 to 65535"},
        Wrong{"MssCeilingBytes", "[tcp]\nmss_ceilings = [{prefix = \"10.0.0.0/8\", bytes = 63}]\n",
              "t.toml:5: [tcp].mss_ceilings: 63 is out of range; write a list such as [{prefix = "
              "\"198.18.2.0/24\", bytes = 1200}], bytes from 64 to 65535"},
        Wrong{"MssCeilingWithoutBytes", "[tcp]\nmss_ceilings = [{prefix = \"10.0.0.0/8\"}]\n",
              "t.toml:5: [tcp].mss_ceilings: has no bytes; write a list such as [{prefix = "
              "\"198.18.2.0/24\", bytes = 1200}], bytes from 64 to 65535"},
        Wrong{"MssCeilingPrefix", "[tcp]\nmss_ceilings = [{prefix = \"lan\", bytes = 600}]\n",
              "t.toml:5: [tcp].mss_ceilings: \"lan\" is no prefix; write a list such as [{prefix = "
              "\"198.18.2.0/24\", bytes = 1200}], bytes from 64 to 65535"},
        Wrong{"MssCeilingKey", "[tcp]\nmss_ceilings = [{prefix = \"10.0.0.0/8\", byte = 600}]\n",
              "t.toml:5: [tcp].mss_ceilings: \"byte\" is no key of a ceiling; write a list such as "
              "[{prefix = \"198.18.2.0/24\", bytes = 1200}], bytes from 64 to 65535"},
        Wrong{"Listen", "[metrics]\nlisten = \"localhost\"\n",
              "t.toml:5: [metrics].listen: \"localhost\" is no ADDRESS:PORT; write for example "
              "\"127.0.0.1:9464\", or \"\" for no metrics"},
        Wrong{"AdminListen", "[admin]\nlisten = \"9465\"\n",
              "t.toml:5: [admin].listen: \"9465\" is no ADDRESS:PORT; write for example "
              "\"127.0.0.1:9465\", or \"\" for none"},
        Wrong{"AdminSocket", "[admin]\nsocket = \"terminus.sock\"\n",
              "t.toml:5: [admin].socket: \"terminus.sock\" is no path that a socket may have; "
              "write an absolute path of at most 107 bytes, or \"\" for none"},
        Wrong{"AdminSocketFolder", "[admin]\nsocket = \"/run/\"\n",
              "t.toml:5: [admin].socket: \"/run/\" is no path that a socket may have; write an "
              "absolute path of at most 107 bytes, or \"\" for none"}),
    by_name);

INSTANTIATE_TEST_SUITE_P(
    Interface, Validate,
    testing::Values(
        Wrong{"NoDevice", "[[interface]]\naddresses = [\"10.0.0.1/8\"]\n",
              "t.toml:4: [interface].device: missing; write text in quotes"},
        Wrong{"AnswersForNothing", "[[interface]]\ndevice = \"net_null1\"\n",
              "t.toml:4: [interface].addresses: the interface answers for nothing; write at least "
              "one "
              "address or prefix"},
        Wrong{
            "SameDeviceAndVlan",
            "vlan = 5\n[[interface]]\ndevice = \"net_null0\"\naddresses = [\"10.0.0.1/8\"]\nvlan = "
            "5\n",
            "t.toml:8: [interface].vlan: the same device and vlan as in line 1; give each its own "
            "vlan"},
        Wrong{"OtherArguments",
              "[[interface]]\ndevice = \"net_null0,size=9\"\naddresses = [\"10.0.0.1/8\"]\n",
              "t.toml:5: [interface].device: named with other arguments in line 1; write the same "
              "text "
              "in both, or name another device"},
        Wrong{
            "OtherMac",
            "[[interface]]\ndevice = \"net_null0\"\nvlan = 2\nmac = "
            "\"02:00:00:00:00:01\"\naddresses = [\"10.0.0.1/8\"]\n",
            "t.toml:7: [interface].mac: not the MAC that the same device has in line 1; write the "
            "same in both"},
        Wrong{
            "EqualAddresses",
            "[[interface]]\ndevice = \"net_null1\"\naddresses = [\"198.18.0.2/32\"]\n",
            "t.toml:6: [interface].addresses: 198.18.0.2 is an address of the interface in line 1 "
            "too; remove one of them"},
        Wrong{
            "OverlappingNetworks",
            "[[interface]]\ndevice = \"net_null1\"\naddresses = [\"198.18.9.9/16\"]\n",
            "t.toml:6: [interface].addresses: 198.18.0.0/16 overlaps a network of the interface in "
            "line 1; give each interface its own network"},
        Wrong{"PrefixOverAnotherNetwork",
              "[[interface]]\ndevice = \"net_null1\"\naddresses = [\"10.0.0.1/8\"]\nprefixes = "
              "[\"2001:db8::/32\"]\n",
              "t.toml:7: [interface].prefixes: 2001:db8::/32 overlaps the on-link network "
              "2001:db8:18::/64 of the interface in line 1; narrow the prefix or move it to that "
              "interface"},
        Wrong{"PrefixTwice", "prefixes = [\"10.0.0.0/8\", \"10.0.0.0/8\"]\n",
              "t.toml:4: [interface].prefixes: 10.0.0.0/8 stands there twice; remove one"},
        Wrong{
            "PrefixOfGroups", "prefixes = [\"224.0.0.0/8\"]\n",
            "t.toml:4: [interface].prefixes: 224.0.0.0/8 holds no hosts' addresses; write unicast "
            "ranges"},
        Wrong{
            "NoPrefix", "prefixes = [\n  \"10.0.0.0/8\",\n  \"10.0.0.0/33\",\n]\n",
            "t.toml:6: [interface].prefixes: \"10.0.0.0/33\" is none; write a list of prefixes or "
            "addresses such as \"198.18.1.0/24\""},
        Wrong{
            "AddressWithoutLength",
            "[[interface]]\ndevice = \"net_null1\"\naddresses = [\"10.0.0.1\"]\n",
            "t.toml:6: [interface].addresses: \"10.0.0.1\" is none; write a list of addresses with "
            "the "
            "length of their network, such as \"198.18.0.2/24\""},
        Wrong{"BroadcastAddress",
              "[[interface]]\ndevice = \"net_null1\"\naddresses = [\"10.0.0.255/24\"]\n",
              "t.toml:6: [interface].addresses: 10.0.0.255 is the network's own or its broadcast "
              "address; write a host's address of 10.0.0.0/24"},
        Wrong{
            "GroupAddress", "[[interface]]\ndevice = \"net_null1\"\naddresses = [\"ff02::1/64\"]\n",
            "t.toml:6: [interface].addresses: ff02::1 is no single host's address; write a unicast "
            "address"},
        Wrong{"MtuOfIp6", "mtu = 1000\n",
              "t.toml:4: [interface].mtu: IPv6 needs 1280 bytes (RFC 8200 section 5); raise it, or "
              "remove the IPv6 addresses"},
        Wrong{"GatewayOffLink", "gateways = [\"198.18.1.1\"]\n",
              "t.toml:4: [interface].gateways: 198.18.1.1 is on none of this interface's networks; "
              "write a gateway inside the network of one of its addresses"},
        Wrong{
            "GatewayIsOurs", "gateways = [\"198.18.0.2\"]\n",
            "t.toml:4: [interface].gateways: 198.18.0.2 is ours or no single host's address; write "
            "the router's address"},
        Wrong{"TwoGateways", "gateways = [\"198.18.0.1\", \"198.18.0.3\"]\n",
              "t.toml:4: [interface].gateways: two gateways of one address family; keep one: the "
              "other "
              "would never be used"},
        Wrong{"GroupMac", "mac = \"01:00:00:00:00:01\"\n",
              "t.toml:4: [interface].mac: a group address or zero; write a unicast one such as "
              "\"02:00:00:00:00:01\""},
        Wrong{"NoMac", "mac = \"02-00\"\n",
              "t.toml:4: [interface].mac: \"02-00\" is none; write a MAC address such as "
              "\"02:00:00:00:00:01\""}),
    by_name);

INSTANTIATE_TEST_SUITE_P(
    Rule, Validate,
    testing::Values(
        Wrong{"NoAction", "[[rule]]\nprotocol = \"tcp\"\n",
              "t.toml:4: [rule].action: missing; write \"serve\" | \"reset\" | \"unreachable\" | "
              "\"drop\""},
        Wrong{"PortsOfPing",
              "[[rule]]\nprotocol = \"icmp-echo\"\nports = [\"80\"]\naction = \"drop\"\n",
              "t.toml:6: [rule].ports: a rule for \"icmp-echo\" has no ports; remove it, or write "
              "protocol = \"tcp\" or \"udp\""},
        Wrong{"PortsOfAny", "[[rule]]\nprotocol = \"any\"\nports = [\"80\"]\naction = \"drop\"\n",
              "t.toml:6: [rule].ports: a rule for \"any\" has no ports; remove it, or write "
              "protocol = "
              "\"tcp\" or \"udp\""},
        Wrong{"PortsBackwards",
              "[[rule]]\nprotocol = \"tcp\"\nports = [\"90-80\"]\naction = \"drop\"\n",
              "t.toml:6: [rule].ports: \"90-80\" is none; write a list of ports or ranges such as "
              "\"80\" "
              "or \"8000-8099\""},
        Wrong{"PortsEmpty", "[[rule]]\nprotocol = \"tcp\"\nports = []\naction = \"drop\"\n",
              "t.toml:6: [rule].ports: is empty and would match nothing; fill it or remove it"},
        Wrong{"ServiceMissing", "[[rule]]\nprotocol = \"tcp\"\naction = \"serve\"\n",
              "t.toml:4: [rule].service: missing in a rule with action = \"serve\"; name one of: "
              "echo, "
              "discard, chargen, http, ping, tarpit, idle, close, abort, send"},
        Wrong{
            "ServiceUnknown",
            "[[rule]]\nprotocol = \"tcp\"\naction = \"serve\"\nservice = \"htpt\"\n",
            "t.toml:7: [rule].service: there is no service \"htpt\"; write a table [service.htpt], "
            "or "
            "name one of: echo, discard, chargen, http, ping, tarpit, idle, close, abort, send"},
        Wrong{"ServiceWithoutServe",
              "[[rule]]\nprotocol = \"tcp\"\naction = \"drop\"\nservice = \"http\"\n",
              "t.toml:7: [rule].service: only a rule with action = \"serve\" has a service; remove "
              "it, "
              "or write action = \"serve\""},
        Wrong{"ServiceOfTheWrongKind",
              "[[rule]]\nprotocol = \"udp\"\naction = \"serve\"\nservice = \"http\"\n",
              "t.toml:7: [rule].service: a service of kind \"http\" cannot serve \"udp\"; choose "
              "another service"},
        Wrong{"ServeOther", "[[rule]]\nprotocol = \"other\"\naction = \"serve\"\n",
              "t.toml:6: [rule].action: nothing serves \"other\"; write protocol = \"tcp\", "
              "\"udp\" or "
              "\"icmp-echo\""},
        Wrong{"ResetOfUdp", "[[rule]]\nprotocol = \"udp\"\naction = \"reset\"\n",
              "t.toml:6: [rule].action: \"udp\" knows no reset; write \"unreachable\" or \"drop\", "
              "or "
              "protocol = \"tcp\""},
        Wrong{"CodeWithoutUnreachable",
              "[[rule]]\nprotocol = \"tcp\"\naction = \"drop\"\ncode = \"port\"\n",
              "t.toml:7: [rule].code: only a rule with action = \"unreachable\" has a code; remove "
              "it, "
              "or write action = \"unreachable\""},
        Wrong{"EqualNames",
              "[[rule]]\nname = \"a\"\nprotocol = \"tcp\"\naction = \"drop\"\n[[rule]]\nname = "
              "\"a\"\nprotocol = \"udp\"\naction = \"drop\"\n",
              "t.toml:9: [rule].name: another rule is called \"a\"; give each rule a name of its "
              "own: "
              "metrics tell them apart by it"},
        Wrong{
            "Families",
            "[[rule]]\nprotocol = \"tcp\"\naction = \"drop\"\nsources = [\"10.0.0.0/8\"]\n"
            "destinations = [\"2001:db8::/32\"]\n",
            "t.toml:8: [rule].destinations: not of the sources' address family; write both as IPv4 "
            "or both as IPv6"},
        Wrong{
            "ServiceKindMissing", "[service.page]\nbody_bytes = 5\n",
            "t.toml:4: [service.page].kind: missing; write \"echo\" | \"discard\" | \"chargen\" | "
            "\"http\" | \"ping\" | \"tarpit\" | \"idle\" | \"close\" | \"abort\" | "
            "\"send\" | \"capture\""},
        Wrong{"BodyOfEcho", "[service.echo]\nbody_bytes = 5\n",
              "t.toml:5: [service.echo].body_bytes: a service of kind \"echo\" has none; remove "
              "it, "
              "or write kind = \"http\""},
        Wrong{"BytesOfClose", "[service.close]\nbytes = 5\n",
              "t.toml:5: [service.close].bytes: a service of kind \"close\" has none; remove it, "
              "or write kind = \"send\""},
        Wrong{"CaptureWithoutFile", "[service.seen]\nkind = \"capture\"\n",
              "t.toml:4: [service.seen].file: missing in a service of kind \"capture\"; name the "
              "file that the captures go to"}),
    by_name);

TEST(Validate, AcceptsVlansOfOneDevice) {
    EXPECT_NO_THROW((void)parse_config(
        std::string{least} + "vlan = 2\n[[interface]]\ndevice = \"net_null0\"\nvlan = 3\naddresses "
                             "= [\"10.0.0.1/8\"]\n",
        "t"));
}

TEST(Validate, NeedsAnInterface) {
    EXPECT_EQ(
        refusal("[log]\n"),
        "t.toml:1: [interface]: there is none; add an [[interface]] with a device and addresses");
}

}  // namespace
}  // namespace terminus::control
