#include "hub/disk_caches.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "gguf/split.h"
#include "gguf/writer.h"
#include "hub/fake_pip.h"
#include "hub/local_files.h"
#include "hub/sources/source.h"
#include "hub/store.h"
#include "hub/wheel_builder.h"
#include "net/testing/scripted_server.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

const std::string kCommit = "0123456789012345678901234567890123456789";

class DiskCachesTest : public testing::Test {
 protected:
  DiskCachesTest() {
    environment_.set("SLM_HOME", home_ / "store");
    environment_.set("OLLAMA_MODELS", home_ / "ollama");
    environment_.set("HF_HUB_CACHE", home_ / "hub");
    environment_.unset("SLM_OLLAMA_REGISTRY");
  }
  static std::string gguf_bytes(uint32_t value) {
    gguf::Writer writer;
    writer.set_string("general.architecture", "llama");
    writer.set_u32("test.value", value);
    const auto bytes = writer.to_bytes().value();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static std::string manifest(const std::string& digest, uint64_t bytes) {
    return "{\"schemaVersion\":2,\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"" + digest + "\",\"size\":" + std::to_string(bytes) +
           "},{\"mediaType\":\"application/vnd.ollama.image.license\",\"digest\":\"sha256:" + std::string(64, 'a') + "\",\"size\":3}]}";
  }
  // A model as Ollama keeps it; gives the blob's path.
  std::string add_ollama(const std::string& below, const std::string& content) const {
    const std::string digest = sha256_of(content);
    home_.write("ollama/manifests/" + below, manifest("sha256:" + digest, content.size()));
    return home_.write("ollama/blobs/sha256-" + digest, content);
  }
  std::string repository(const std::string& name) const { return home_ / "hub/models--" + name; }
  // A file as Hugging Face's tools keep it; gives the path in the snapshot.
  std::string add_hugging_face(const std::string& name, const std::string& file, const std::string& content) const {
    const std::string below = "hub/models--" + name + "/", digest = sha256_of(content);
    home_.write(below + "refs/main", kCommit);
    home_.write(below + "blobs/" + digest, content);
    const std::string link = home_ / below + "snapshots/" + kCommit + "/" + file;
    fs::create_directories(fs::path(link).parent_path());
    fs::create_symlink((file.find('/') == std::string::npos ? "../../blobs/" : "../../../blobs/") + digest, link);
    return link;
  }
  static std::vector<std::string> listed() {
    std::vector<std::string> names;
    for (const CachedModel& model : list_cached_models()) names.push_back(model.name);
    return names;
  }
  static std::string key_of(const std::string& name) {
    const auto model = find_cached_model(name);
    return model ? "" : std::string(model.error().message.key);
  }

  TemporaryDirectory home_;
  Environment environment_;
};

TEST_F(DiskCachesTest, WithoutCachesNothingIsFound) {
  EXPECT_TRUE(list_cached_models().empty());
  EXPECT_EQ(key_of("ollama:qwen2.5:0.5b"), "hub.store.not_in_ollama");
  EXPECT_EQ(key_of("hf:owner/repo"), "hub.store.not_in_hugging_face");
  EXPECT_EQ(find_cached_model("ollama:x").error().hint.args.at(0), "ollama:x");
  EXPECT_EQ(key_of("ollama:../../etc"), "hub.bad_image");
  EXPECT_EQ(key_of("hf:.."), "hub.bad_repository");
  EXPECT_FALSE(find_cached_bytes(std::string(64, 'a')).has_value());
  EXPECT_FALSE(find_cached_bytes("../../etc/passwd").has_value());
}

TEST_F(DiskCachesTest, ModelsOfOllamaAreFoundByTheirNames) {
  const std::string one = add_ollama("registry.ollama.ai/library/qwen2.5/0.5b", gguf_bytes(1));
  add_ollama("registry.ollama.ai/library/llama3/latest", gguf_bytes(2));
  add_ollama("registry.ollama.ai/me/own/v1", gguf_bytes(3));
  add_ollama("hf.co/owner/repo/Q4_K_M", gguf_bytes(4));
  EXPECT_EQ(listed(), (std::vector<std::string>{"ollama:hf.co/owner/repo:Q4_K_M", "ollama:llama3", "ollama:me/own:v1", "ollama:qwen2.5:0.5b"}));
  for (const std::string& name : listed()) EXPECT_EQ(key_of(name), "") << name;
  EXPECT_EQ(key_of("ollama:llama3:latest"), "");
  const auto model = find_cached_model("ollama:qwen2.5:0.5b");
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(model->paths.at(0), fs::canonical(one).string());
  EXPECT_EQ(model->sha256, sha256_of(gguf_bytes(1)));
  EXPECT_EQ(model->bytes, gguf_bytes(1).size());
}

TEST_F(DiskCachesTest, HostileManifestsAreRefused) {
  const std::string below = "ollama/manifests/registry.ollama.ai/library/evil/latest", content = gguf_bytes(1), good = "sha256:" + sha256_of(content);
  const auto with = [&](const std::string& text) {
    home_.write(below, text);
    EXPECT_TRUE(listed().empty()) << text.substr(0, 100);
    return key_of("ollama:evil");
  };
  home_.write("outside.gguf", content);
  home_.write("ollama/blobs/sha256-" + sha256_of(content), content);
  EXPECT_EQ(with(manifest("sha256:../../../outside.gguf", content.size())), "hub.bad_manifest");
  EXPECT_EQ(with(manifest("../../outside.gguf", content.size())), "hub.bad_manifest");
  EXPECT_EQ(with(manifest(good + "/../x", content.size())), "hub.bad_manifest");
  EXPECT_EQ(with(manifest("sha256:" + std::string(64, 'b'), 3)), "base.no_file");
  EXPECT_EQ(with(manifest(good, content.size() + 1)), "hub.wrong_size");
  EXPECT_EQ(with("{}"), "hub.bad_manifest");
  EXPECT_EQ(with("[]"), "hub.bad_manifest");
  EXPECT_EQ(with(std::string(200'000, '[')), "hub.bad_manifest");
  EXPECT_EQ(with("{\"layers\":[" + std::string(2u << 20, ' ') + "]}"), "base.file_too_large");
  EXPECT_EQ(with("{\"layers\":[]}"), "hub.no_gguf");
  std::string many = "{\"layers\":[";
  for (int i = 0; i < 300; ++i) many += std::string(i > 0 ? "," : "") + "{\"mediaType\":\"x\",\"digest\":\"" + good + "\",\"size\":1}";
  EXPECT_EQ(with(many + "]}"), "hub.bad_manifest");

  // Links that lead out of the cache.
  fs::remove(home_ / "ollama/blobs/sha256-" + sha256_of(content));
  fs::create_symlink(home_ / "outside.gguf", home_ / "ollama/blobs/sha256-" + sha256_of(content));
  EXPECT_EQ(with(manifest(good, content.size())), "hub.store.leads_outside");
  EXPECT_FALSE(find_cached_bytes(sha256_of(content)).has_value());
  fs::remove(home_ / below);
  home_.write("outside.json", manifest(good, content.size()));
  fs::create_symlink(home_ / "outside.json", home_ / below);
  EXPECT_EQ(key_of("ollama:evil"), "hub.store.leads_outside");
  // Nobody waits for a pipe.
  fs::remove(home_ / below);
  ASSERT_EQ(mkfifo((home_ / below).c_str(), 0600), 0);
  EXPECT_EQ(key_of("ollama:evil"), "base.not_regular");
}

TEST_F(DiskCachesTest, ModelsOfHuggingFaceAreFoundByQuantisation) {
  add_hugging_face("owner--repo", "m-q4_k_m.gguf", gguf_bytes(1));
  add_hugging_face("owner--repo", "sub/m-q8_0.gguf", gguf_bytes(2));
  add_hugging_face("owner--repo", "mmproj-f16.gguf", gguf_bytes(3));
  add_hugging_face("owner--repo", "config.json", "{}");
  home_.write("hub/models--gpt2/refs/main", kCommit);  // without an owner
  EXPECT_EQ(listed(), (std::vector<std::string>{"hf:owner/repo:m-q4_k_m.gguf", "hf:owner/repo:m-q8_0.gguf"}));
  const auto model = find_cached_model("hf:owner/repo:Q8_0");
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(model->sha256, sha256_of(gguf_bytes(2)));
  EXPECT_EQ(model->commit, kCommit);
  EXPECT_EQ(model->paths.at(0), fs::canonical(repository("owner--repo") + "/blobs/" + model->sha256).string());
  for (const std::string& name : listed()) EXPECT_EQ(key_of(name), "") << name;
  EXPECT_EQ(key_of("hf:owner/repo"), "hub.which_file");
  EXPECT_EQ(key_of("hf:owner/repo:Q5_0"), "hub.store.not_in_hugging_face");
  EXPECT_EQ(key_of("hf:owner/other"), "hub.store.not_in_hugging_face");
  EXPECT_EQ(find_cached_bytes(model->sha256), model->paths.at(0));

  // Without links, as on file systems that have none: nobody names a digest.
  home_.write("hub/models--owner--plain/snapshots/" + kCommit + "/p.gguf", gguf_bytes(5));
  EXPECT_EQ(find_cached_model("hf:owner/plain")->sha256, "");
}

TEST_F(DiskCachesTest, LinksOutOfARepositoryAreRefused) {
  add_hugging_face("owner--repo", "m.gguf", gguf_bytes(1));
  home_.write("outside.gguf", gguf_bytes(2));
  fs::create_symlink(home_ / "outside.gguf", repository("owner--repo") + "/snapshots/" + kCommit + "/evil.gguf");
  fs::create_symlink("/dev/zero", repository("owner--repo") + "/snapshots/" + kCommit + "/device.gguf");
  fs::create_symlink("absent", repository("owner--repo") + "/snapshots/" + kCommit + "/broken.gguf");
  EXPECT_EQ(listed(), (std::vector<std::string>{"hf:owner/repo:m.gguf"}));
  EXPECT_EQ(key_of("hf:owner/repo:evil.gguf"), "hub.store.leads_outside");
  EXPECT_EQ(key_of("hf:owner/repo:device.gguf"), "hub.store.leads_outside");
  EXPECT_EQ(key_of("hf:owner/repo:broken.gguf"), "base.no_file");
  // refs/main is text from outside.
  home_.write("hub/models--owner--repo/refs/main", "../../..");
  EXPECT_EQ(key_of("hf:owner/repo:m.gguf"), "");
  home_.write("hub/models--owner--repo/refs/main", std::string(100'000, 'a'));
  EXPECT_EQ(key_of("hf:owner/repo:m.gguf"), "");
}

TEST_F(DiskCachesTest, ModelsAreUsedWhereTheyLie) {
  const std::string blob = add_ollama("registry.ollama.ai/library/tiny/latest", gguf_bytes(1));
  size_t hashed = 0;
  const auto count = [&](const Progress& progress) { hashed += progress.stage == "hash" && progress.done == progress.total ? 1 : 0; };
  const auto model = Store::open().resolve("ollama:tiny", count);
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(model->path, fs::canonical(blob).string());
  EXPECT_EQ(model->sha256, sha256_of(gguf_bytes(1)));
  EXPECT_EQ(hashed, 1u);
  EXPECT_TRUE(Store::open().resolve("ollama:tiny", count).has_value());
  EXPECT_EQ(hashed, 1u);  // compared once
  EXPECT_TRUE(Store::open().list().empty());

  // Changed since: other bytes of the same size.
  std::string other = gguf_bytes(1);
  other.back() = static_cast<char>(other.back() ^ 1);
  fs::remove(blob);
  std::ofstream(blob) << other;
  const auto damaged = Store::open().resolve("ollama:tiny", count);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(damaged.error().hint.key, "hub.store.cache_damaged");
  EXPECT_EQ(Store::open().import("ollama:tiny", "", {}).error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(Store::open().list().empty());
  EXPECT_EQ(Store::open().resolve("ollama:absent").error().hint.key, "hub.store.fetch_instead");
}

TEST_F(DiskCachesTest, ImportLinksWhatACacheHas) {
  const std::string blob = add_ollama("registry.ollama.ai/library/tiny/latest", gguf_bytes(1));
  const auto model = Store::open().import("ollama:tiny", "", {});
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(model->name, "ollama:tiny");
  EXPECT_EQ(model->source, "ollama:tiny");
  const bool shared = fs::equivalent(model->path, blob) || fs::hard_link_count(model->path) == 2;  // reflinks share blocks, not the file
  EXPECT_TRUE(shared);
  add_hugging_face("owner--repo", "m.gguf", gguf_bytes(2));
  const auto second = Store::open().import("hf:owner/repo", "mine", {});
  ASSERT_TRUE(second.has_value()) << second.error().text();
  EXPECT_EQ(second->name, "mine");
  EXPECT_EQ(second->commit, kCommit);
  // The cache goes, the models stay.
  fs::remove_all(home_ / "ollama");
  fs::remove_all(home_ / "hub");
  EXPECT_TRUE(Store::open().verify(*Store::open().find("ollama:tiny"), {}).has_value());
  EXPECT_TRUE(Store::open().verify(*Store::open().find("mine"), {}).has_value());
  EXPECT_EQ(Store::open().resolve("ollama:tiny")->path, model->path);
}

TEST_F(DiskCachesTest, PullsTakeBytesThatACacheHas) {
  const std::string content = gguf_bytes(7);
  add_hugging_face("owner--repo", "m.gguf", content);
  RemoteModel remote;
  remote.source = "ollama:elsewhere";
  remote.file.name = "m.gguf";
  remote.file.address.url = "http://127.0.0.1:1/nobody-listens";
  remote.file.bytes = content.size();
  remote.file.sha256 = sha256_of(content);
  EXPECT_EQ(Store::open().bytes_here(remote, "m"), content.size());
  const auto model = Store::open().pull_remote(remote, "pulled", {}, {});
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(model->source, "ollama:elsewhere");
  EXPECT_TRUE(Store::open().verify(*model, {}).has_value());

  // A cache that gives other bytes that name is no source of them.
  home_.write("ollama/blobs/sha256-" + sha256_of("right"), "wrong");
  const Layout layout{home_ / "store"};
  EXPECT_FALSE(publish_cached(sha256_of("right"), layout, {}));
  EXPECT_FALSE(fs::exists(layout.blob(sha256_of("right"))));
  for (const auto& entry : fs::directory_iterator(layout.blobs() + "/.part")) ADD_FAILURE() << entry.path();
}

// Models in several files.
class PartsTest : public DiskCachesTest {
 protected:
  std::string write_part(const std::string& directory, uint16_t number, uint16_t count) const {
    gguf::Writer writer;
    if (number == 1) writer.set_string("general.architecture", "llama");
    writer.set_u16("split.no", static_cast<uint16_t>(number - 1));
    writer.set_u16("split.count", count);
    writer.set_i32("split.tensors.count", count);
    writer.add_tensor("t" + std::to_string(number), TensorType::kF32, {3}, std::vector<std::byte>(12, static_cast<std::byte>(number)));
    const std::string path = gguf::PartName{directory + "/My-Model", 1, count}.path_of(number);
    fs::create_directories(directory);
    EXPECT_TRUE(writer.write(path).has_value());
    return path;
  }
};

TEST_F(PartsTest, AnyPartImportsThemAll) {
  std::vector<std::string> paths;
  for (uint16_t i = 1; i <= 3; ++i) paths.push_back(write_part(home_ / "parts", i, 3));
  const auto model = Store::open().import(paths[1], "", {});
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(model->name, "my-model");
  EXPECT_TRUE(Store::open().verify(*model, {}).has_value());
  const auto file = gguf::File::open(model->path);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->tensors().size(), 3u);
  EXPECT_FALSE((*file)->has("split.count"));
  EXPECT_EQ(Store::open().import(paths[2], "", {})->sha256, model->sha256);  // the same again
  EXPECT_TRUE(fs::is_empty(home_ / "store/.parts"));
  EXPECT_EQ(Store::open().resolve(paths[0]).error().hint.key, "hub.store.import_parts");
}

TEST_F(PartsTest, PartsThatAreNotAllThereAreNamed) {
  const std::string first = write_part(home_ / "parts", 1, 3), second = write_part(home_ / "parts", 2, 3);
  const auto missing = Store::open().import(first, "", {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(missing.error().text().find("My-Model-00003-of-00003.gguf"), std::string::npos);
  EXPECT_EQ(Store::open().import(home_ / "parts/My-Model-00003-of-00003.gguf", "", {}).error().message.key, "hub.store.part_missing");
  home_.write("parts/My-Model-00003-of-00003.gguf", "no part");
  EXPECT_EQ(Store::open().import(first, "", {}).error().kind, ErrorKind::kCorrupt);
  fs::copy(second, home_ / "parts/renamed.gguf");
  const auto renamed = Store::open().import(home_ / "parts/renamed.gguf", "", {});
  ASSERT_FALSE(renamed.has_value());
  EXPECT_EQ(renamed.error().message.key, "hub.store.part_renamed");
  EXPECT_NE(renamed.error().hint_text(Language::kEnglish).find("NAME-00001-of-00003.gguf"), std::string::npos);
  EXPECT_TRUE(Store::open().list().empty());
}

TEST_F(PartsTest, PartsInACacheAreOneModel) {
  for (uint16_t i = 1; i <= 2; ++i) {
    const std::string path = write_part(home_ / "parts", i, 2);
    add_hugging_face("owner--split", fs::path(path).filename().string(), read_text_file(path).value());
  }
  EXPECT_EQ(listed(), (std::vector<std::string>{"hf:owner/split:My-Model.gguf"}));
  EXPECT_EQ(Store::open().resolve("hf:owner/split").error().message.key, "hub.store.one_part");
  const auto model = Store::open().import("hf:owner/split:My-Model.gguf", "", {});
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(gguf::File::open(model->path).value()->tensors().size(), 2u);
}

std::string reply_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nETag: \"a\"\r\nConnection: close\r\n\r\n" + body;
}

TEST_F(PartsTest, PullsFetchAllPartsAndJoinThem) {
  RemoteModel remote;
  remote.source = "hf:owner/split:Q4_0";
  remote.commit = kCommit;
  std::vector<std::unique_ptr<net::ScriptedServer>> servers;
  for (uint16_t i = 1; i <= 3; ++i) {
    const std::string bytes = read_text_file(write_part(home_ / "parts", i, 3)).value();
    servers.push_back(std::make_unique<net::ScriptedServer>(std::vector<net::ScriptedServer::Reply>{{reply_with(bytes)}}));
    RemoteFile file;
    file.name = "part";
    file.address.url = servers.back()->url("/" + std::to_string(i));
    file.bytes = bytes.size();
    file.sha256 = sha256_of(bytes);
    if (i == 1) remote.file = file;
    else remote.rest.push_back(file);
  }
  EXPECT_EQ(remote.bytes(), *remote.file.bytes + *remote.rest[0].bytes + *remote.rest[1].bytes);
  uint64_t last = 0;
  const auto watch = [&](const Progress& progress) {
    if (progress.stage != "download") return;
    EXPECT_EQ(progress.total, *remote.bytes());
    EXPECT_GE(progress.done, last);
    last = progress.done;
  };
  // A part that is not what its source says: the others need not come again.
  const std::string right = std::exchange(remote.rest[1].sha256, sha256_of("other"));
  EXPECT_EQ(Store::open().pull_remote(remote, "m", {}, {}).error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(Store::open().list().empty());
  remote.rest[1].sha256 = right;
  EXPECT_EQ(Store::open().bytes_here(remote, "m"), *remote.file.bytes + *remote.rest[0].bytes);
  const auto model = Store::open().pull_remote(remote, "m", {}, watch);
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(last, *remote.bytes());
  EXPECT_EQ(servers[0]->requests().size(), 1u);
  EXPECT_EQ(model->parts, (std::vector<std::string>{remote.file.sha256, remote.rest[0].sha256, remote.rest[1].sha256}));
  EXPECT_EQ(Store::open().import(home_ / "parts/My-Model-00001-of-00003.gguf", "imported", {})->sha256, model->sha256);
  EXPECT_TRUE(fs::is_empty(home_ / "store/.parts"));
  EXPECT_TRUE(fs::is_empty(home_ / "store/blobs/.part"));

  // Again: nothing is asked for, by the parts' digests. With other bytes: under the same name only from the same source.
  const size_t asked = servers[2]->requests().size();
  EXPECT_EQ(Store::open().pull_remote(remote, "m", {}, {})->sha256, model->sha256);
  EXPECT_EQ(servers[2]->requests().size(), asked);
  RemoteModel other = remote;
  other.source = "hf:somebody/else";
  other.rest.pop_back();
  EXPECT_EQ(Store::open().pull_remote(other, "m", {}, {}).error().message.key, "hub.name_taken");
  // A source that names one file twice.
  other.rest = {other.file};
  EXPECT_EQ(Store::open().pull_remote(other, "n", {}, {}).error().message.key, "hub.store.bad_parts");
}

}  // namespace
}  // namespace slm::hub
