/* Continues a text: generate MODEL.gguf "Once upon a time". Ctrl-C ends it early. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <slm/slm.h>

static slm_model *model;

static void on_interrupt(int signal_number) {
  (void)signal_number;
  slm_cancel(model);
}

static int print_text(const char *text, size_t length, void *user) {
  (void)length;
  (void)user;
  fputs(text, stdout);
  fflush(stdout);
  return ferror(stdout);
}

static int failed(char *error) {
  fprintf(stderr, "%s\n", error != NULL ? error : "out of memory");
  slm_free_text(error);
  slm_close(model);
  return EXIT_FAILURE;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s MODEL.gguf TEXT\n", argv[0]);
    return 2;
  }
  char *error = NULL;
  if (slm_open(argv[1], NULL, &model, &error) != SLM_OK) return failed(error);
  signal(SIGINT, on_interrupt);

  int32_t *ids = NULL;
  size_t count = 0;
  if (slm_tokenize(model, argv[2], SLM_LENGTH_UNKNOWN, 0, &ids, &count, &error) != SLM_OK) return failed(error);
  fprintf(stderr, "%zu tokens in a context of %u\n", count, (unsigned)slm_context(model));
  slm_free_ids(ids);

  slm_generate_options options = slm_generate_options_default();
  options.max_tokens = 32;
  slm_result result;
  fputs(argv[2], stdout);
  if (slm_generate(model, argv[2], SLM_LENGTH_UNKNOWN, &options, print_text, NULL, &result, &error) != SLM_OK) {
    return failed(error);
  }
  printf("\n");
  fprintf(stderr, "%u tokens in %.3f s, %s\n", (unsigned)result.tokens, result.prompt_seconds + result.seconds,
          result.finish_reason);
  slm_close(model);
  return EXIT_SUCCESS;
}
