/// terminus: parse the command line, then run, check, or say what this is. Every error of the
/// operator or the machine ends here as one line, with exit status 2.
#include "control/build.h"
#include "control/call_client.h"
#include "control/config.h"
#include "control/log.h"
#include "control/plan.h"
#include "control/reference.h"
#include "control/signals.h"
#include "control/supervisor.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace terminus::control;

constexpr int operator_error = 2;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

void run(const std::string& file) {
    const Signals signals;
    Config config = read_config(file);
    start_log(config.log.level);
    Supervisor(std::move(config), signals).run();
}

void check(const std::string& file, bool json) {
    const Config config = read_config(file);
    const Plan plan = make_plan(config);
    ServiceBook book;
    (void)compile_policy(config, book);
    print(json ? plan_json(config, plan) : plan_text(config, plan));
}

/// Runs `act`, and turns what it throws into one line and the status.
template <typename Act>
int guarded(Act act) {
    try {
        act();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "terminus: %s\n", error.what());
        return operator_error;
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Terminus: the place where TCP connections end"};
    app.require_subcommand(1);
    std::string file;
    bool json = false;
    int status = 0;
    const auto command = [&](const char* name, const char* help, auto act) {
        CLI::App* sub = app.add_subcommand(name, help);
        sub->callback([&status, act] { status = guarded(act); });
        return sub;
    };
    command("run", "run the appliance that FILE describes", [&] { run(file); })
        ->add_option("FILE", file, "the configuration")
        ->required();
    CLI::App* checks = command("check", "say what would run and how much memory it plans",
                               [&] { check(file, json); });
    checks->add_option("FILE", file, "the configuration")->required();
    checks->add_flag("--json", json, "for machines");
    command("version", "say what this is", [&] {
        print(json ? build_json() : build_text());
    })->add_flag("--json", json, "for machines");
    command("reference", "print every option with its default", [] { print(reference_toml()); });
    std::string socket = "/run/terminus/terminus.sock";
    int answered = 0;
    CLI::App* calls = command("call", "make the user calls in FILE on a running appliance",
                              [&] { answered = call(file, socket); });
    calls
        ->add_option("FILE", file, "one JSON object a line, as CALLS.md says; - for standard input")
        ->required();
    calls->add_option("--socket", socket, "the appliance's [admin].socket")->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : operator_error;
    }
    return status != 0 ? status : answered;
}
