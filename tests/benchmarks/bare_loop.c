// The limit: a loop on llama.cpp's C API and nothing else. Prints, from the first token to the last, ms of
// wall clock and of CPU, and the last token.
// bare_loop MODEL CONTEXT BATCH THREADS EXTRA_BUFFERS STEPS TOKEN...
#include <llama.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void silent(enum ggml_log_level level, const char *text, void *data) {
    (void)level, (void)text, (void)data;
}

int main(int argc, char **argv) {
    if (argc < 8 || nice(5) == -1) return 2;
    llama_log_set(silent, NULL);
    llama_backend_init();
    struct llama_model_params mp = llama_model_default_params();
    mp.use_extra_bufts = atoi(argv[5]);
    struct llama_model *model = llama_model_load_from_file(argv[1], mp);
    if (!model) return 3;
    struct llama_context_params cp = llama_context_default_params();
    cp.n_ctx = atoi(argv[2]);
    cp.n_batch = cp.n_ubatch = atoi(argv[3]);
    cp.n_threads = cp.n_threads_batch = atoi(argv[4]);
    struct llama_context *context = llama_init_from_model(model, cp);
    if (!context) return 4;
    struct llama_sampler *chain = llama_sampler_chain_init(llama_sampler_chain_default_params());
    llama_sampler_chain_add(chain, llama_sampler_init_greedy());
    for (int i = 7; i < argc; i++) {
        llama_token token = atoi(argv[i]);
        if (llama_decode(context, llama_batch_get_one(&token, 1))) return 5;
    }
    int steps = atoi(argv[6]);
    llama_token token = llama_sampler_sample(chain, context, -1);
    int64_t began = llama_time_us();
    clock_t cpu_began = clock();
    for (int i = 1; i < steps; i++) {
        if (llama_decode(context, llama_batch_get_one(&token, 1))) return 6;
        token = llama_sampler_sample(chain, context, -1);
    }
    double wall_ms = (llama_time_us() - began) / 1000.0;
    double cpu_ms = (clock() - cpu_began) * 1000.0 / CLOCKS_PER_SEC;
    printf("%.3f %.3f %d\n", wall_ms, cpu_ms, token);
    return 0;
}
