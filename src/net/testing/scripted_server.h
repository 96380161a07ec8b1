// A server on this machine whose every reply is bytes written down beforehand. For tests.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slm::net {

// Each connection gets the next reply (the last one again once all are given), then is closed, or held open without a word.
class ScriptedServer {
 public:
  struct Reply {
    std::string bytes;
    bool hold = false;  // after the bytes, until the server is gone
  };

  explicit ScriptedServer(std::vector<Reply> replies) : replies_(std::move(replies)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    SLM_CHECK(bind(listener_, any, size) == 0 && listen(listener_, 8) == 0 && getsockname(listener_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
    for (int held : held_) close(held);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  // As they came, head and body.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool readable(int descriptor) const {
    pollfd wait = {descriptor, POLLIN, 0};
    while (!stop_) {
      if (poll(&wait, 1, 20) > 0) return true;
    }
    return false;
  }

  void serve() {
    for (size_t n = 0; readable(listener_); ++n) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      read_request(connection);
      const Reply& reply = replies_[std::min(n, replies_.size() - 1)];
      [[maybe_unused]] const ssize_t sent = ::send(connection, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
      if (reply.hold) held_.push_back(connection);
      else close(connection);
    }
  }

  void read_request(int connection) {
    std::string text;
    char buffer[4096];
    while (!is_whole(text) && readable(connection)) {
      const ssize_t n = recv(connection, buffer, sizeof(buffer), 0);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(text));
  }

  static bool is_whole(const std::string& text) {
    if (text.starts_with('\x16')) return true;  // TLS says hello, and will not say more
    const size_t head = text.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const size_t length = text.find("Content-Length: ");
    const size_t body = length == std::string::npos || length > head ? 0 : std::stoul(text.substr(length + 16));
    return text.size() >= head + 4 + body;
  }

  std::vector<Reply> replies_;
  int listener_ = -1;
  int port_ = 0;
  std::vector<int> held_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace slm::net
