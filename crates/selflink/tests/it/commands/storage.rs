//! `selflink storage-status`, `selflink check-media`, `selflink check-media-path`

use super::migrated;
use crate::cli::{run, run_told};

#[tokio::test]
async fn where_files_go() {
    let database = migrated().await;
    let root = database.folder().join("media").display().to_string();
    for command in ["storage-status", "storage_status"] {
        let printed = run(&database, &[command])
            .await
            .succeeded()
            .replace(&root, "[media]");
        insta::allow_duplicates! {
            insta::assert_snapshot!(printed, @"
            STORAGE_BACKEND=local
            DEFAULT_FILE_STORAGE=opendal fs
            DEFAULT_STORAGE_BACKEND=opendal fs
            MEDIA_ROOT=[media]
            MEDIA_URL=/media/
            SAMPLE_PATH=storage-status/sample.txt
            SAMPLE_URL=/media/storage-status/sample.txt
            ");
        }
    }
    let bucket = [
        ("STORAGE_BACKEND", "s3"),
        ("S3_ENDPOINT", "https://s3.example.org"),
        ("S3_ACCESS_KEY_ID", "key-id"),
        ("S3_SECRET_ACCESS_KEY", "s3cret"),
        ("S3_BUCKET", "selflink-media"),
        ("S3_QUERYSTRING_AUTH", "false"),
    ];
    let printed = run_told(&database, &["storage-status"], &bucket, "")
        .await
        .succeeded();
    insta::assert_snapshot!(printed, @"
    STORAGE_BACKEND=s3
    DEFAULT_FILE_STORAGE=opendal s3
    DEFAULT_STORAGE_BACKEND=opendal s3
    S3_ENDPOINT=https://s3.example.org
    S3_BUCKET=selflink-media
    SAMPLE_PATH=storage-status/sample.txt
    SAMPLE_URL=https://s3.example.org/selflink-media/storage-status/sample.txt
    ");
}

#[tokio::test]
async fn files_are_looked_for_below_the_media_root_only() {
    let database = migrated().await;
    let root = database.folder().join("media");
    std::fs::create_dir_all(root.join("avatars")).expect("is made");
    std::fs::write(root.join("avatars/1.png"), "x").expect("is written");
    std::fs::write(database.folder().join("secret.txt"), "x").expect("is written");
    let lines =
        |path: &str, exists: &str| format!("MEDIA_ROOT={}\nPATH={path}\nEXISTS={exists}\n", root.display());
    for command in [
        &["check-media", "--path"][..],
        &["check_media", "--path"],
        &["check-media-path"],
        &["check_media_path"],
    ] {
        let check = async |path| run(&database, &[command, &[path]].concat()).await;
        assert_eq!(
            check("avatars/1.png").await.succeeded(),
            lines("avatars/1.png", "True")
        );
        let missing = check("avatars/2.png").await;
        assert_eq!(missing.stdout, lines("avatars/2.png", "False"));
        assert_eq!(missing.failed(1), "CommandError: File does not exist.\n");
    }
    let absolute = database.folder().join("secret.txt").display().to_string();
    for outside in [
        "../secret.txt",
        "avatars/../../secret.txt",
        "..",
        "/etc/passwd",
        absolute.as_str(),
        "avatars/../../../../../../etc/passwd",
    ] {
        let refused = run(&database, &["check-media", "--path", outside]).await;
        assert_eq!(refused.stdout, "", "{outside}");
        assert_eq!(
            refused.failed(1),
            "CommandError: Path must be inside MEDIA_ROOT.\n",
            "{outside}"
        );
    }
}
