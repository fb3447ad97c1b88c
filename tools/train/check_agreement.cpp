// SPDX-License-Identifier: MIT
// Test: trainer and program give a text the same score. Two forward passes, written apart, over the
// same file: what was trained is what is run.
//   test_train_agreement MODEL [TEXT]      without TEXT: five short stories from this file
#include "../../examples/transformer/files.hpp"
#include "../../examples/transformer/transformer.hpp"
#include "corpus.hpp"
#include "evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace example = bitnet::example;

// Largest difference in nats per token. Both use the library's sums, whose order is defined; apart
// from them they are written apart.
constexpr double tolerance = 1e-6;

constexpr const char* stories =
    R"(Once upon a time there was a little fox named Pim. Pim had a red ball
and he loved to play with it in the park. One day the ball rolled into the pond. "Oh no!" said Pim.
A kind duck saw the ball and pushed it back to him. Pim was very happy. "Thank you, duck," he said,
and they became friends.
<|endoftext|>
Anna and her mom went to the shop. Anna saw a big cake with 5 candles. She wanted to eat it, but her
mom said, "No, we must wait for your birthday." Anna was sad at first. Then she helped her mom to
carry the bags home, and her mom gave her a small cookie.
<|endoftext|>
Ben had a toy boat. It was blue and it could float. Every day he went to the river with his dad and
put the boat on the water. One day the wind was strong and the boat went far away. Ben ran along the
river, but he could not catch it. "Do not cry," said his dad. "We can make a new one." They found
some wood and a piece of cloth, and they worked all day long. In the evening the new boat was ready.
It was even better than the old one. Ben named it Star, and he gave his dad a big hug.
<|endoftext|>
There was an old tree on a hill. A small bird lived in the tree. The bird liked to sing in the
morning, and the tree liked to listen. When winter came, the snow was deep and the bird was cold. The
tree let down its leaves to make a warm bed. "Thank you," sang the bird. When spring came, the tree
had many flowers, and the bird sang the most beautiful song.
<|endoftext|>
Sam was scared of the dark. Every night he asked his sister to leave the light on. One night the
light did not work. Sam hid under his blanket. Then he saw something small and bright outside the
window. It was a firefly! It went up and down like a little star. Sam watched it until he was
sleepy. From that day on he was not afraid, because he knew that the dark has lights of its own.
)";

double program_nll(const std::string& model, const std::string& text, std::size_t& tokens) {
    const example::ModelFile file(model);
    const example::Tokenizer tokenizer = example::Tokenizer::from_merges(file.merges());
    const std::size_t context = file.config().max_context;
    example::Transformer transformer(
        file, {.context = context, .batch = 64, .logit_rows = 64, .kv = example::KvType::f32}, 1);
    double nll = 0.0;
    for (const std::vector<int>& ids : bitnet::train::encode_stories(
             tokenizer, bitnet::train::split_stories(text), context + 1)) {
        transformer.restart();
        for (std::size_t next = 0; next + 1 < ids.size();) {
            const std::size_t count = std::min<std::size_t>(ids.size() - 1 - next, 64);
            const auto logits =
                transformer.forward({ids.data() + next, count}, example::Logits::all);
            for (std::size_t i = 0; i < count; ++i) {
                double sum = 0.0;
                for (std::size_t c = 0; c < logits.cols; ++c) {
                    sum += std::exp(static_cast<double>(logits.row(i)[c]));
                }
                const auto target = static_cast<std::size_t>(ids[next + i + 1]);
                nll += std::log(sum) - static_cast<double>(logits.row(i)[target]);
            }
            next += count;
        }
        tokens += ids.size() - 1;
    }
    return nll;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fprintf(stderr, "usage: test_train_agreement MODEL [TEXT]\n");
        return 2;
    }
    try {
        std::string path;
        if (argc == 3) {
            path = argv[2];
        } else {
            // A file of its own for each model: the tests of several run at once.
            path = std::filesystem::path(argv[1]).stem().string() + "_agreement.txt";
            std::ofstream(path) << stories;
        }
        const bitnet::train::Score trainer = bitnet::train::score_file(argv[1], path);
        std::size_t tokens = 0;
        const double program = program_nll(argv[1], example::read_text(path), tokens);
        const auto count = static_cast<double>(trainer.tokens);
        const double difference = std::fabs(trainer.nll - program) / count;
        std::printf("trainer %.6f, program %.6f nats per token over %zu tokens; difference %.2e\n",
                    trainer.nll / count, program / count, tokens, difference);
        return tokens == trainer.tokens && difference <= tolerance ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "test_train_agreement: %s\n", error.what());
        return 1;
    }
}
