#include "lab/endpoint/endpoint.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/temporary_directory.h"
#include "lab/endpoint/endpoint_generator.h"
#include "lab/endpoint/served_process.h"
#include "net/testing/scripted_server.h"

namespace slm::lab {
namespace {

using net::ScriptedServer;

std::string page(const std::string& body, const std::string& status = "200 OK", const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

const std::string kModels = page(R"({"data": [{"id": "m", "max_model_len": 4096}, {"id": "n"}]})");
const std::string kNothing = page("{}", "404 Not Found");
const std::string kAnswer = page("data: {\"model\": \"m\", \"choices\": [{\"delta\": {\"content\": \"yes\"}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n");

Result<std::shared_ptr<Endpoint>> connect(const ScriptedServer& server, const std::string& model = "m", double idle_seconds = 10) {
  auto address = parse_endpoint(server.url("") + "=" + model);
  if (!address) return tl::unexpected<Error>(address.error());
  return Endpoint::connect(*address, {.idle_seconds = idle_seconds, .load_seconds = idle_seconds}, nullptr);
}

EndpointRequest question() {
  EndpointRequest request;
  request.messages = {{"user", "Is it?", {}}};
  return request;
}

TEST(Endpoint, ReadsWhatItIsTold) {
  ScriptedServer server({{kModels}, {page(R"({"models": [{"name": "m:latest", "digest": "d1", "size": 7, "details": {"parameter_size": "1.5B"}}]})")}, {kAnswer}});
  const auto endpoint = connect(server);
  ASSERT_TRUE(endpoint) << endpoint.error().text();
  EXPECT_EQ((*endpoint)->served().context, 4096u);
  EXPECT_EQ((*endpoint)->served().digest, "d1");
  EXPECT_EQ((*endpoint)->served().parameters, 1'500'000'000u);
  const auto answer = (*endpoint)->answer(question(), nullptr);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->text, "yes");
  const std::string request = server.requests().back();
  for (const char* said : {"\"temperature\":0", "\"top_p\":1", "\"seed\":1", "\"stream\":true", "\"max_tokens\":512"}) {
    EXPECT_NE(request.find(said), std::string::npos) << said;
  }
}

TEST(Endpoint, NamesTheModelsThatAreThere) {
  ScriptedServer server({{kModels}});
  const auto endpoint = connect(server, "other");
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(endpoint.error().text(Language::kEnglish).find("m, n"), std::string::npos);
}

TEST(Endpoint, NoEndpointAtAll) {
  for (const std::string& reply : {page("<html>"), page("{\"data\": 7}"), page("[]"), page("", "500 Oh"), page("", "401 No"), std::string("noise\r\n\r\n")}) {
    ScriptedServer server({{reply}});
    const auto endpoint = connect(server);
    ASSERT_FALSE(endpoint) << reply;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::kNetwork) << reply;
  }
}

TEST(Endpoint, AsksABusyServerAgain) {
  ScriptedServer server({{kModels}, {kNothing}, {page("", "429 Busy", "Retry-After: 1\r\n")}, {kAnswer}});
  const auto endpoint = connect(server);
  ASSERT_TRUE(endpoint);
  ASSERT_TRUE((*endpoint)->answer(question(), nullptr));
  EXPECT_EQ((*endpoint)->tally().failed, 0u);
}

TEST(Endpoint, GivesUpAfterFailuresInARow) {
  ScriptedServer server({{kModels}, {kNothing}, {page("{\"error\": \"broken\"}", "500 Oh")}});
  const auto endpoint = connect(server);
  ASSERT_TRUE(endpoint);
  for (int i = 0; i < Endpoint::kMostFailures + 3; ++i) {
    const auto answer = (*endpoint)->answer(question(), nullptr);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kNetwork);
    EXPECT_NE(answer.error().text(Language::kEnglish).find("broken"), std::string::npos);
  }
  EXPECT_EQ((*endpoint)->tally().failed, Endpoint::kMostFailures + 3u);
  EXPECT_EQ(server.requests().size(), 2u + Endpoint::kMostFailures);
}

TEST(Endpoint, TooLongIsNoFailureOfTheServer) {
  ScriptedServer server({{kModels}, {kNothing}, {page(R"({"error": {"message": "maximum context length is 10", "code": "context_length_exceeded"}})", "400 Bad")}});
  const auto endpoint = connect(server);
  ASSERT_TRUE(endpoint);
  const auto answer = (*endpoint)->answer(question(), nullptr);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_EQ((*endpoint)->tally().failed, 0u);
}

TEST(Endpoint, RepliesInAnotherNameAreCounted) {
  ScriptedServer server({{kModels}, {kNothing}, {page("data: {\"model\": \"x\", \"choices\": [{\"text\": \"a\", \"finish_reason\": \"stop\"}]}\n\n")}});
  const auto endpoint = connect(server);
  ASSERT_TRUE(endpoint);
  ASSERT_TRUE((*endpoint)->answer(question(), nullptr));
  EXPECT_EQ((*endpoint)->tally().other_model, 1u);
  EXPECT_EQ((*endpoint)->tally().other_name, "x");
  EXPECT_EQ((*endpoint)->tally().uncounted, 1u);
}

TEST(EndpointGenerator, WhereTheAnswerDoesNotFitItMayBeShorter) {
  const std::string too_long = page(R"({"error": {"message": "maximum context length is 1000, you asked for 900 + 512"}})", "400 Bad Request");
  ScriptedServer server({{kModels}, {kNothing}, {too_long}, {too_long}, {kAnswer}});
  const auto endpoint = connect(server);
  ASSERT_TRUE(endpoint);
  EndpointGenerator generator(*endpoint, "");
  GenerateRequest request;
  request.messages = {{"user", "Is it?", {}}};
  const auto answer = generator.generate(request, nullptr);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->text, "yes");
}

TEST(Endpoint, ASilentServerIsNotWaitedForLong) {
  ScriptedServer server({{kModels}, {kNothing}, {"", true}});
  const auto endpoint = connect(server, "m", 0.5);
  ASSERT_TRUE(endpoint);
  const auto answer = (*endpoint)->answer(question(), nullptr);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message.key, "net.idle");
}

TEST(ServedProcess, FoundByItsPort) {
  ScriptedServer server({{kModels}});
  const auto process = find_served_process(*parse_endpoint(server.url("") + "=m"));
  ASSERT_TRUE(process) << process.error().text();
  EXPECT_EQ(process->pid, getpid());
  EXPECT_GE(memory_of(*process).peak_bytes, process_memory().resident_bytes / 2);
  EXPECT_FALSE(process_identity(getpid()).empty());
  EXPECT_EQ(process_identity(getpid()), process_identity(getpid()));
}

TEST(ServedProcess, AGpuIsSeenByItsOpenDevices) {
  const TemporaryDirectory root;
  const auto open_in = [&](int pid, const std::string& target) {
    const std::filesystem::path directory = root.path() + "/proc/" + std::to_string(pid) + "/fd";
    std::filesystem::create_directories(directory);
    std::filesystem::create_symlink(target, directory / "5");
  };
  open_in(1, "/dev/null");
  open_in(2, "/dev/nvidia0");
  open_in(3, "/dev/dri/renderD128");
  EXPECT_FALSE(holds_gpu({1, {1}}, root.path()));
  EXPECT_TRUE(holds_gpu({1, {1, 2}}, root.path()));
  EXPECT_TRUE(holds_gpu({3, {3}}, root.path()));
  EXPECT_FALSE(holds_gpu({4, {4}}, root.path()));
}

TEST(ServedProcess, OneThatEndedIsNotTakenForIt) {
  EndpointAddress address = *parse_endpoint("http://127.0.0.1:1=m");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pause();
    _exit(0);
  }
  address.pid = child;
  ASSERT_TRUE(note_pid(address));
  EXPECT_TRUE(find_served_process(address));
  kill(child, SIGKILL);
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);  // it keeps its number, and has no memory
  EXPECT_EQ(find_served_process(address).error().message.key, "lab.endpoint.process_ended");
  address.pid_identity.clear();
  EXPECT_EQ(find_served_process(address).error().message.key, "lab.endpoint.no_process");
  EXPECT_FALSE(note_pid(address));
  waitpid(child, nullptr, 0);
  address.pid = getpid();
  ASSERT_TRUE(note_pid(address));
  address.pid_identity += "0";  // another process came to its number
  EXPECT_EQ(find_served_process(address).error().message.key, "lab.endpoint.process_ended");
}

TEST(ServedProcess, DoubtsAboutAPid) {
  const TemporaryDirectory root;
  const auto add = [&](int pid, int parent, const std::string& open) {
    const std::string directory = fmt::format("proc/{}", pid);
    root.write(directory + "/stat", fmt::format("{} (a b) S {} 0", pid, parent));
    std::filesystem::create_directories(root.path() + "/" + directory + "/fd");
    std::filesystem::create_symlink(open, root.path() + "/" + directory + "/fd/5");
  };
  root.write("proc/net/tcp", "  sl  local_address rem_address st\n 0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 77 1\n");
  add(10, 1, "/dev/null");        // started the server
  add(11, 10, "socket:[77]");     // listens
  add(12, 11, "/dev/null");       // the server's worker
  add(20, 1, "/dev/null");        // another program
  EndpointAddress address = *parse_endpoint("http://127.0.0.1:8080=m");
  EXPECT_TRUE(doubt_about_pid(address, root.path()).empty());
  for (const int related : {10, 11, 12}) {
    address.pid = related;
    EXPECT_TRUE(doubt_about_pid(address, root.path()).empty()) << related;
  }
  address.pid = 20;
  const Message doubt = doubt_about_pid(address, root.path());
  EXPECT_EQ(doubt.key, "lab.endpoint.pid_does_not_listen");
  EXPECT_EQ(doubt.args, (std::vector<std::string>{"m", "20", "8080", "11"}));
  root.write("proc/11/comm", "docker-proxy\n");  // who listens is no server: that is why a process is named
  EXPECT_TRUE(doubt_about_pid(address, root.path()).empty());
}

TEST(ServedProcess, ReasonsWhyNot) {
  EXPECT_EQ(find_served_process(*parse_endpoint("http://10.1.2.3=m")).error().message.key, "lab.endpoint.remote");
  EXPECT_EQ(find_served_process(*parse_endpoint("http://127.0.0.1:1=m")).error().message.key, "lab.endpoint.no_listener");
  EndpointAddress address = *parse_endpoint("http://10.1.2.3=m");
  address.pid = 2'000'000'000;
  EXPECT_EQ(find_served_process(address).error().message.key, "lab.endpoint.no_process");
  address.pid = getpid();
  EXPECT_EQ(find_served_process(address)->pid, getpid());
  EXPECT_EQ(process_identity(2'000'000'000), "");
}

}  // namespace
}  // namespace slm::lab
