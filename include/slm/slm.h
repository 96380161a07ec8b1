/* slm's C interface: open a model file, turn text into tokens, generate text, stop, free.
 *
 * Results and errors. A function that can fail returns 0 for success or one of SLM_ERROR_*, and, where `error` is not NULL, sets
 * *error to a text that says what happened and what to do (English, UTF-8), to be freed with slm_free_text(); on success
 * *error is NULL. Outputs are untouched by a failure.
 *
 * Threads. Different models are independent. On one model, slm_generate() and slm_forget() run one at a time: a second caller
 * waits. slm_tokenize(), slm_detokenize(), slm_context() and slm_cancel() may be called from any thread at any time between
 * slm_open() and slm_close(); slm_cancel() also from a signal handler. slm_close() only when nothing else uses the model.
 *
 * Texts are UTF-8 and come with their length in bytes; a length of SLM_LENGTH_UNKNOWN means "up to the zero byte". */
#ifndef SLM_SLM_H
#define SLM_SLM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLM_LENGTH_UNKNOWN ((size_t)-1)

enum {
  SLM_OK = 0,
  SLM_ERROR_FAILED = 1,       /* what was asked could not be done */
  SLM_ERROR_USAGE = 2,        /* wrong arguments */
  SLM_ERROR_NOT_FOUND = 3,    /* no such file */
  SLM_ERROR_DOES_NOT_FIT = 4, /* memory, or a prompt longer than the context */
  SLM_ERROR_CORRUPT = 6       /* the file is not what it claims to be */
};

typedef struct slm_model slm_model;

/* The version of the library, "0.1.0". */
const char *slm_version(void);

/* Options are made by their _default functions and changed field by field. */
typedef struct slm_open_options {
  uint32_t context;          /* tokens; 0: the model's own if it fits, else the largest multiple of 1,024 that does */
  int threads;               /* 0: the physical cores this process may use */
  int kv_q8_0;               /* non-zero: keys and values in 8 bits, half the memory */
  const char *chat_template; /* a template's text in place of the file's; NULL: the file's */
} slm_open_options;
slm_open_options slm_open_options_default(void);

/* `options` may be NULL for the defaults. */
int slm_open(const char *path, const slm_open_options *options, slm_model **model, char **error);
void slm_close(slm_model *model); /* NULL is allowed */

/* The context the model was opened with, in tokens. */
uint32_t slm_context(const slm_model *model);

/* Text -> token ids, with the token that begins a text where the model wants one. `special` non-zero: texts of control tokens
 * become those tokens. *ids is freed with slm_free_ids(). */
int slm_tokenize(const slm_model *model, const char *text, size_t length, int special, int32_t **ids, size_t *count,
                 char **error);
/* Ids -> text, zero-terminated, freed with slm_free_text(). `length` may be NULL. Bytes that are no whole character stay as
 * they are. */
int slm_detokenize(const slm_model *model, const int32_t *ids, size_t count, char **text, size_t *length, char **error);

typedef struct slm_message {
  const char *role; /* "system", "user", "assistant" */
  const char *content;
} slm_message;

typedef struct slm_generate_options {
  uint32_t max_tokens;
  float temperature; /* 0: greedy */
  uint32_t top_k;    /* 0: off */
  float top_p;       /* 1: off */
  float min_p;       /* 0: off */
  float repetition_penalty; /* 1: off */
  uint64_t seed;
  const char *const *stop; /* texts that end the generation */
  size_t stop_count;
} slm_generate_options;
/* Greedy, 256 tokens. */
slm_generate_options slm_generate_options_default(void);

/* Called with each piece of text as it comes: whole characters, zero-terminated. Zero goes on, anything else ends the
 * generation. Called in the thread that called slm_generate(); must not call slm_generate() on the same model. */
typedef int (*slm_on_text)(const char *text, size_t length, void *user);

typedef struct slm_result {
  const char *finish_reason; /* "stop", "length" or "cancelled"; lives as long as the program */
  uint32_t prompt_tokens;    /* of the prompt */
  uint32_t cached_tokens;    /* of those, taken from the call before */
  uint32_t tokens;           /* generated */
  double prompt_seconds, seconds;
} slm_result;

/* Continues a text as it is. `options`, `on_text` and `result` may be NULL. The prefix that a prompt shares with the one before
 * is not computed again. */
int slm_generate(slm_model *model, const char *prompt, size_t length, const slm_generate_options *options,
                 slm_on_text on_text, void *user, slm_result *result, char **error);
/* Answers the last of the messages by the model's chat template. */
int slm_chat(slm_model *model, const slm_message *messages, size_t count, const slm_generate_options *options,
             slm_on_text on_text, void *user, slm_result *result, char **error);

/* Ends the generation that runs on the model, if one does; it returns SLM_OK with "cancelled". */
void slm_cancel(slm_model *model);
/* Forgets what was kept of the last generation. */
void slm_forget(slm_model *model);

void slm_free_text(char *text);  /* NULL is allowed */
void slm_free_ids(int32_t *ids); /* NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif /* SLM_SLM_H */
