//! Demo posts, for a first look at a fresh instance.

use identity::DemoAccount;
use platform::{App, db::Tx};
use sea_orm::DbErr;

use crate::{
    Target, Visibility,
    attachments::Stored,
    comments::{self, NewRow as NewComment},
    errors::SocialError,
    likes,
    posts::{self, NewRow as NewPost},
    sql,
};

/// A post of the account with this number; which of the others like it; what they say.
struct DemoPost {
    author: usize,
    text: &'static str,
    likes: &'static [usize],
    comments: &'static [(usize, &'static str)],
}

const POSTS: [DemoPost; 5] = [
    DemoPost {
        author: 0,
        text: "Welcome to SelfLink. Say who you are and what you are looking for. #introductions",
        likes: &[1, 2],
        comments: &[
            (
                1,
                "Hello @mentor! I am looking for people to read and think with.",
            ),
            (2, "And I build things. Tell me what is missing here."),
        ],
    },
    DemoPost {
        author: 1,
        text: "What is one habit that changed your year? Mine is ten quiet minutes before breakfast. #habits",
        likes: &[0],
        comments: &[(0, "Writing down one question each evening, and no answer.")],
    },
    DemoPost {
        author: 2,
        text: "A small tool that counts the days since we last called our friends. Who wants to try it? #building",
        likes: &[0, 1],
        comments: &[(1, "I do, with some shame about my numbers.")],
    },
    DemoPost {
        author: 0,
        text: "You do not have to see the whole road. The next stretch of light is enough. #habits",
        likes: &[1],
        comments: &[],
    },
    DemoPost {
        author: 1,
        text: "Thank you @builder, the tool made me call three people today. #building",
        likes: &[0, 2],
        comments: &[(2, "Then it works.")],
    },
];

/// Makes the demo posts, unless one of these accounts has posts already.
pub async fn seed(app: &App, accounts: &[DemoAccount]) -> anyhow::Result<()> {
    app.db()
        .write(|tx| async move {
            if !have_posts(&tx, accounts).await? {
                for post in &POSTS {
                    make(&tx, accounts, post).await?;
                }
            }
            Ok::<_, SocialError>(())
        })
        .await?;
    Ok(())
}

async fn have_posts(tx: &Tx, accounts: &[DemoAccount]) -> Result<bool, DbErr> {
    let query = "SELECT 1 FROM posts WHERE author_id = $1 LIMIT 1";
    for account in accounts {
        if sql::row(tx, query, [account.id.0.into()]).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn make(tx: &Tx, accounts: &[DemoAccount], post: &DemoPost) -> Result<(), SocialError> {
    let Some(author) = accounts.get(post.author) else {
        return Ok(());
    };
    let stored = &Stored::default();
    let row = NewPost {
        author: author.id,
        text: post.text,
        visibility: Visibility::Public,
        language: "en",
        repost_of: None,
        stored,
        media_ids: &[],
    };
    let post_id = posts::insert(tx, &row).await?;
    for account in post.likes.iter().filter_map(|number| accounts.get(*number)) {
        likes::set_in(tx, account.id, (Target::Post, post_id), true).await?;
    }
    for (number, text) in post.comments {
        if let Some(account) = accounts.get(*number) {
            let row = NewComment {
                post_id,
                parent_id: None,
                author: account.id,
                text,
                stored,
            };
            comments::insert(tx, &row).await?;
        }
    }
    Ok(())
}
